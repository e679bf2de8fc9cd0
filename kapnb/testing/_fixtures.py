"""What the fixture `kapnb_simulate` does: find what is named, then simulate."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from kapnb._target import load_target
from kapnb.simulation import simulate

__all__ = ["simulator"]


class Patches(Protocol):
    """What is needed of pytest's monkeypatch."""

    def setattr(self, target: Any, name: str, value: Any) -> None:
        """Set an attribute until the test is over."""
        ...


def simulator(folder: Path, patches: Patches) -> Callable[..., Any]:
    """Return `kapnb.simulate` for tests in `folder`.

    Parameters
    ----------
    folder : Path
        Where relative paths are looked for, before the working directory.
    patches : Patches
        Takes back what loading a script does to ``sys.path``.
    """

    def found(name: Any) -> Any:
        """Return a path beside the test if there is one, else what was given."""
        if isinstance(name, (str, os.PathLike)) and (folder / name).exists():
            return str(folder / name)
        return name

    def handler_of(target: Any) -> Any:
        if isinstance(target, Mapping):  # several UDFs of a TICKscript, by name
            return {name: handler_of(one) for name, one in target.items()}
        if not isinstance(target, (str, os.PathLike)):
            return target
        patches.setattr(sys, "path", list(sys.path))
        return load_target(str(found(target)))

    def run(handler: Any, data: Any, **settings: Any) -> Any:
        if "tick" in settings:
            settings["tick"] = found(settings["tick"])
        return simulate(handler_of(handler), found(data), **settings)

    return run
