"""How a process ends in which an official script served stdin and stdout.

The official Agent always lets its process end with status 0, whenever the script's own threads
have ended. Here status and bound are those of `kapnb run`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time

from kapnb.agent import EXIT_FAILED, EXIT_OK, Agent, ByteStream
from kapnb.agent._agent import DRAIN_S
from kapnb.agent._start import leave_at_once, leave_within_grace, woken_by_signals
from kapnb.agent._stdio import StdioClaim
from kapnb.errors import KapnbError
from kapnb.handler import Handler

__all__ = [
    "await_end",
    "began",
    "ended",
    "has_begun",
    "leave_to_caller",
    "prepare",
    "report",
    "status",
]

_begun = False
_claim: StdioClaim | None = None
_thread: threading.Thread | None = None
_wakers: tuple[int, int] | None = None  # read end, write end; for the end and for signals
_status: int | None = None  # once it has ended


def prepare() -> None:
    """Let the process end with the Agent's status; called when the look-alikes are installed.

    What is registered first is called last: the script's own exit functions come before.
    """
    atexit.register(_leave)


def leave_to_caller(claim: StdioClaim) -> None:
    """Undo `prepare`: whoever runs the script, and has the claim, ends it with `status`."""
    global _claim  # noqa: PLW0603  # the process has one stdin
    _claim = claim
    atexit.unregister(_leave)


def began(stdio: threading.Thread | None = None) -> None:
    """Note that an Agent serves; from now on it tells Kapacitor of errors.

    `stdio` is its thread if it is the one on stdin and stdout.
    """
    global _begun, _thread, _wakers  # noqa: PLW0603  # the process has one stdin
    _begun, _thread = True, stdio or _thread
    if stdio is not None and _wakers is None:
        _wakers = os.pipe()
        os.set_blocking(_wakers[1], False)
    if _claim is not None and stdio is None:  # stdio is nobody's: no signs of life there
        _claim.close_porch()


def has_begun() -> bool:
    """Tell whether an Agent was ever started in this process."""
    return _begun


def ended(status: int) -> None:
    """Note that the Agent on stdio has ended; the process must soon, too."""
    global _status  # noqa: PLW0603  # the process has one stdin
    _status = status
    if _wakers is not None:
        with contextlib.suppress(BlockingIOError):  # full: it wakes anyway
            os.write(_wakers[1], b"\0")
    leave_within_grace(status)


def await_end() -> None:
    """Wait for the end of the Agent on stdio, if there is one; signals are heeded meanwhile."""
    if _thread is None:
        return
    if threading.current_thread() is threading.main_thread():
        _await_ended()
    _thread.join()


def _await_ended() -> None:
    """Wait until `ended` was called, on a pipe: one that has begun to join is deaf to signals.

    That is, to those that came just before, or to another thread; see `woken_by_signals`.
    """
    assert _wakers is not None
    read_end, write_end = _wakers
    with woken_by_signals(write_end):
        while _status is None:
            os.read(read_end, 4096)


def status() -> int:
    """Return the exit status of the process, once the Agent on stdio has ended."""
    await_end()
    return _status or EXIT_OK


def _leave() -> None:
    if _status:
        if "logging" in sys.modules:
            import logging

            logging.shutdown()
        sys.stderr.flush()
        leave_at_once(_status)


def report(stream: ByteStream, error: KapnbError) -> int:
    """Tell Kapacitor why nothing can be served; return the exit status."""
    agent = Agent(Handler())
    agent.session.fail(error)
    stream.write(agent.feed(b""))
    # Input is drained, so that Kapacitor's writer does not meet a broken pipe, whose text
    # would hide the error.
    deadline = time.monotonic() + DRAIN_S
    while (left := deadline - time.monotonic()) > 0 and stream.read(left) != b"":
        pass
    return EXIT_FAILED
