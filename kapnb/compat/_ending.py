"""How a process ends in which an official script served stdin and stdout.

The official Agent always lets its process end with status 0, whenever the script's own threads
have ended. Here status and bound are those of `kapnb run`.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time

from kapnb.agent import EXIT_FAILED, EXIT_OK, Agent, ByteStream
from kapnb.agent._agent import DRAIN_S
from kapnb.agent._start import leave_at_once, leave_within_grace
from kapnb.agent._stdio import StdioClaim
from kapnb.errors import KapnbError
from kapnb.handler import Handler

__all__ = ["began", "ended", "has_begun", "leave_to_caller", "prepare", "report", "status"]

_begun = False
_claim: StdioClaim | None = None
_thread: threading.Thread | None = None
_status = EXIT_OK


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
    global _begun, _thread  # see `ended`
    _begun, _thread = True, stdio or _thread
    if _claim is not None and stdio is None:  # stdio is nobody's: no signs of life there
        _claim.close_porch()


def has_begun() -> bool:
    """Tell whether an Agent was ever started in this process."""
    return _begun


def ended(status: int) -> None:
    """Note that the Agent on stdio has ended; the process must soon, too."""
    global _status  # noqa: PLW0603  # the process has one stdin
    _status = status
    leave_within_grace(status)


def status() -> int:
    """Return the exit status of the process, once the Agent on stdio has ended."""
    if _thread is not None:
        _thread.join()
    return _status


def _leave() -> None:
    if _status != EXIT_OK:
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
