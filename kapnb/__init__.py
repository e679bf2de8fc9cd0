"""Write, run and prove Kapacitor UDFs in a notebook; export the very code that ran.

The names here are what notebooks and exported scripts use. Importing this needs protobuf and
nothing else: `simulate` and the rest of the workbench load when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapnb._version import __version__
from kapnb.errors import (
    ExportError,
    HandlerError,
    KapnbError,
    LocalProtocolError,
    MissingExtra,
    MomentError,
    OptionError,
    ProtocolError,
    RemoteProtocolError,
    SnapshotError,
    SourceError,
    TargetError,
    TickError,
)
from kapnb.handler import Handler, Option, udf
from kapnb.model import (
    BATCH,
    STREAM,
    Batch,
    BeginBatch,
    Duration,
    EdgeType,
    EndBatch,
    Group,
    InfoResponse,
    InitRequest,
    InitResponse,
    Point,
    RestoreResponse,
    SnapshotResponse,
    ValueType,
)

if TYPE_CHECKING:
    from kapnb._artifact import artifact
    from kapnb._freeze import freeze
    from kapnb.agent import run
    from kapnb.faults import check_resume, lint, stress
    from kapnb.simulation import Simulation, TaskRun, Transcript, last_run, simulate
    from kapnb.timemachine import Moment, TimeMachine
    from kapnb.whatif import compare, sweep

__all__ = [
    "BATCH",
    "STREAM",
    "Batch",
    "BeginBatch",
    "Duration",
    "EdgeType",
    "EndBatch",
    "ExportError",
    "Group",
    "Handler",
    "HandlerError",
    "InfoResponse",
    "InitRequest",
    "InitResponse",
    "KapnbError",
    "LocalProtocolError",
    "MissingExtra",
    "Moment",
    "MomentError",
    "Option",
    "OptionError",
    "Point",
    "ProtocolError",
    "RemoteProtocolError",
    "RestoreResponse",
    "Simulation",
    "SnapshotError",
    "SnapshotResponse",
    "SourceError",
    "TargetError",
    "TaskRun",
    "TickError",
    "TimeMachine",
    "Transcript",
    "ValueType",
    "__version__",
    "artifact",
    "check_resume",
    "compare",
    "freeze",
    "last_run",
    "lint",
    "run",
    "simulate",
    "stress",
    "sweep",
    "udf",
]

#: Names that load a room of their own at the first use.
_LAZY = {
    "Moment": "kapnb.timemachine",
    "Simulation": "kapnb.simulation",
    "TaskRun": "kapnb.simulation",
    "TimeMachine": "kapnb.timemachine",
    "Transcript": "kapnb.simulation",
    "artifact": "kapnb._artifact",
    "freeze": "kapnb._freeze",
    "check_resume": "kapnb.faults",
    "compare": "kapnb.whatif",
    "last_run": "kapnb.simulation",
    "lint": "kapnb.faults",
    "run": "kapnb.agent",
    "simulate": "kapnb.simulation",
    "stress": "kapnb.faults",
    "sweep": "kapnb.whatif",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'kapnb' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)


def load_ipython_extension(shell: Any) -> None:
    """Set a notebook up; called by ``%load_ext kapnb``."""
    from kapnb.notebook import load

    load(shell)
