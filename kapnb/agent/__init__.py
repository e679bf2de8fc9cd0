"""The shared runtime that every home of a Handler stands on.

`Session` and `Agent.feed` do no I/O; `_stdio` is the only module that touches file
descriptors 0 and 1. What belongs to the Unix socket server loads at its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapnb.agent._agent import (
    EXIT_BROKEN_PIPE,
    EXIT_FAILED,
    EXIT_HUNG,
    EXIT_OK,
    Agent,
    ByteStream,
)
from kapnb.agent._outbox import Outbox
from kapnb.agent._session import Session
from kapnb.agent._start import end_process, refuse, run
from kapnb.agent._stdio import FdStream, claim_stdio, claimed

if TYPE_CHECKING:
    from kapnb.agent._counters import Counters
    from kapnb.agent._logs import configure_logging
    from kapnb.agent._socketstream import SocketStream
    from kapnb.agent._supervised import UNSUPERVISED
    from kapnb.agent._unix import Accepter, Server, run_server

__all__ = [
    "EXIT_BROKEN_PIPE",
    "EXIT_FAILED",
    "EXIT_HUNG",
    "EXIT_OK",
    "UNSUPERVISED",
    "Accepter",
    "Agent",
    "ByteStream",
    "Counters",
    "FdStream",
    "Outbox",
    "Server",
    "Session",
    "SocketStream",
    "claim_stdio",
    "claimed",
    "configure_logging",
    "end_process",
    "refuse",
    "run",
    "run_server",
]

_LAZY = {
    "Accepter": "kapnb.agent._unix",
    "Counters": "kapnb.agent._counters",
    "Server": "kapnb.agent._unix",
    "SocketStream": "kapnb.agent._socketstream",
    "UNSUPERVISED": "kapnb.agent._supervised",
    "configure_logging": "kapnb.agent._logs",
    "run_server": "kapnb.agent._unix",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'kapnb.agent' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
