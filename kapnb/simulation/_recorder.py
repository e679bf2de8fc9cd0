"""Keep the simulations of a notebook for the exporter to replay.

The exporter runs a notebook in a fresh kernel with `RECORD_TO` in its environment, naming a
folder. Each simulation then leaves there what crossed, and what surrounded it. Nothing is
written otherwise.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from kapnb.simulation._text import message_to_text

if TYPE_CHECKING:
    from kapnb.simulation._simulation import Simulation
    from kapnb.simulation._stages import UdfRun

__all__ = ["RECORD_TO", "definition_of", "record"]

#: The environment variable that names a folder in which every simulation is recorded: how an
#: export learns what its notebook ran.
RECORD_TO = "KAPNB_RECORD_SIMULATIONS_TO"
#: The Handlers met so far. A cell that runs twice defines two of one name.
_definitions: list[type] = []


def definition_of(handler: type) -> int:
    """Return a number that tells a class from others of its name."""
    if handler not in _definitions:
        _definitions.append(handler)
    return _definitions.index(handler)


def record(simulation: Simulation | UdfRun) -> None:
    """Write transcript and surroundings of a finished run, if somebody asked for it."""
    folder = os.environ.get(RECORD_TO)
    if not folder:
        return
    number = len(list(Path(folder).glob("*.json"))) + 1
    facts = {
        "handler": simulation.handler.__qualname__,
        "module": simulation.handler.__module__,
        "definition": definition_of(simulation.handler),
        "info": message_to_text(simulation.info),
        "env": simulation.env,
        "inputs": len(simulation.inputs),
        "outputs": len(simulation.outputs),
        "error": str(simulation.error) if simulation.error else None,
    }
    simulation.transcript.save(Path(folder, f"{number:04d}.transcript"))
    # Last, and under this suffix: whoever sees it may read both.
    Path(folder, f"{number:04d}.json").write_text(json.dumps(facts), encoding="utf-8")
