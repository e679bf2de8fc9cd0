"""Kapacitor's side of the protocol, in-process.

Imports no transport: bytes are handed to `Agent.feed`. What draws is an observer from a room
above; `_faces` is the only place that reaches there.
"""

from kapnb.simulation._edges import arrange, parse_group_by
from kapnb.simulation._items import Output
from kapnb.simulation._last import last_run
from kapnb.simulation._options import check_options, parse_option, parse_options
from kapnb.simulation._recorder import RECORD_TO
from kapnb.simulation._script_check import check_tick
from kapnb.simulation._simulate import simulate
from kapnb.simulation._simulation import Observer, Simulation
from kapnb.simulation._stages import UdfRun
from kapnb.simulation._task import TaskRun
from kapnb.simulation._text import message_from_text, message_to_text, point_dict
from kapnb.simulation._transcript import Difference, Transcript

__all__ = [
    "RECORD_TO",
    "Difference",
    "Observer",
    "Output",
    "Simulation",
    "TaskRun",
    "Transcript",
    "UdfRun",
    "arrange",
    "check_options",
    "check_tick",
    "last_run",
    "message_from_text",
    "message_to_text",
    "parse_group_by",
    "parse_option",
    "parse_options",
    "point_dict",
    "simulate",
]
