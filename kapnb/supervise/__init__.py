"""A front process that keeps Kapacitor's connection while Handler processes come and go.

`Supervisor` decides everything and does no I/O; `_front` is the only module that knows
processes, pipes and signals; `_socket` gives every connection of a server a front. The Handler
process behind it is any command that speaks the protocol on stdio; what holds for it is in
docs/supervision.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapnb.supervise._front import Front, supervise
from kapnb.supervise._limits import Limits
from kapnb.supervise._supervisor import EXIT_TERMINATED, Supervisor

if TYPE_CHECKING:
    from kapnb.supervise._socket import supervise_socket

__all__ = ["EXIT_TERMINATED", "Front", "Limits", "Supervisor", "supervise", "supervise_socket"]


def __getattr__(name: str) -> Any:
    if name == "supervise_socket":  # a front on stdio has no use for it, and loading takes a while
        from kapnb.supervise._socket import supervise_socket

        return supervise_socket
    raise AttributeError(f"module 'kapnb.supervise' has no attribute {name!r}")
