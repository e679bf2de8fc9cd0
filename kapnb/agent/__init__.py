"""The shared runtime that every home of a Handler stands on.

`Session` and `Agent.feed` do no I/O; `_stdio` is the only module that touches file
descriptors.
"""

from kapnb.agent._agent import (
    EXIT_BROKEN_PIPE,
    EXIT_FAILED,
    EXIT_OK,
    Agent,
    ByteStream,
)
from kapnb.agent._session import Session
from kapnb.agent._stdio import FdStream, claim_stdio, run
from kapnb.agent._supervised import UNSUPERVISED

__all__ = [
    "EXIT_BROKEN_PIPE",
    "EXIT_FAILED",
    "EXIT_OK",
    "UNSUPERVISED",
    "Agent",
    "ByteStream",
    "FdStream",
    "Session",
    "claim_stdio",
    "run",
]
