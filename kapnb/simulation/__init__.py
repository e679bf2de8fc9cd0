"""Kapacitor's side of the protocol, in-process.

Imports no transport: bytes are handed to `Agent.feed`. What draws is an observer from a room
above; `_faces` is the only place that reaches there.

Only transcripts load at once: a script that checks itself reads one, on any Python the runtime has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapnb.simulation._recorder import RECORD_TO, definition_of
from kapnb.simulation._text import message_from_text, message_to_text, point_dict
from kapnb.simulation._transcript import Difference, Transcript

if TYPE_CHECKING:
    from kapnb.simulation._edges import arrange, parse_group_by
    from kapnb.simulation._items import Output
    from kapnb.simulation._last import last_run
    from kapnb.simulation._options import check_options, parse_option, parse_options
    from kapnb.simulation._portions import ENOUGH_S, MOST, Pace
    from kapnb.simulation._script_check import check_tick
    from kapnb.simulation._simulate import simulate
    from kapnb.simulation._simulation import Observer, Simulation
    from kapnb.simulation._stages import UdfRun
    from kapnb.simulation._task import TaskRun

__all__ = [
    "ENOUGH_S",
    "MOST",
    "RECORD_TO",
    "Difference",
    "Observer",
    "Output",
    "Pace",
    "Simulation",
    "TaskRun",
    "Transcript",
    "UdfRun",
    "arrange",
    "check_options",
    "check_tick",
    "definition_of",
    "last_run",
    "message_from_text",
    "message_to_text",
    "parse_group_by",
    "parse_option",
    "parse_options",
    "point_dict",
    "simulate",
]

#: Where the names live that load at their first use.
_LAZY = {
    "ENOUGH_S": "kapnb.simulation._portions",
    "MOST": "kapnb.simulation._portions",
    "Observer": "kapnb.simulation._simulation",
    "Output": "kapnb.simulation._items",
    "Pace": "kapnb.simulation._portions",
    "Simulation": "kapnb.simulation._simulation",
    "TaskRun": "kapnb.simulation._task",
    "UdfRun": "kapnb.simulation._stages",
    "arrange": "kapnb.simulation._edges",
    "check_options": "kapnb.simulation._options",
    "check_tick": "kapnb.simulation._script_check",
    "last_run": "kapnb.simulation._last",
    "parse_group_by": "kapnb.simulation._edges",
    "parse_option": "kapnb.simulation._options",
    "parse_options": "kapnb.simulation._options",
    "simulate": "kapnb.simulation._simulate",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'kapnb.simulation' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
