"""The shared runtime that every home of a Handler stands on.

`Session` and `Agent.feed` do no I/O; `_stdio` is the only module that touches file
descriptors 0 and 1.
"""

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

__all__ = [
    "EXIT_BROKEN_PIPE",
    "EXIT_FAILED",
    "EXIT_HUNG",
    "EXIT_OK",
    "Agent",
    "ByteStream",
    "FdStream",
    "Outbox",
    "Session",
    "claim_stdio",
    "claimed",
    "end_process",
    "refuse",
    "run",
]
