"""The stdio transport: file descriptors 0 and 1, taken away from everybody else.

The only code of the project that touches them. After `claim_stdio`, file descriptor 1 is
stderr and 0 is empty, so a `print`, a write of a C library or a child process cannot put a
byte between two frames, and `input()` cannot take one away.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import sys
import threading

from kapnb.agent._agent import Agent
from kapnb.handler import Handler

__all__ = ["FdStream", "claim_stdio", "run"]

#: Most of what a pipe holds (64 KiB by default, 1 MiB at the most) is taken in one read.
READ_SIZE = 1024 * 1024
#: A process whose agent has ended leaves within this time, in seconds, whatever threads user
#: code left behind: Kapacitor waits for it without limit.
EXIT_GRACE_S = 5.0

_claimed: FdStream | None = None


class FdStream:
    """A byte stream on two file descriptors.

    Parameters
    ----------
    read_fd, write_fd : int
        Open, blocking.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    def read(self, timeout_s: float | None = None) -> bytes | None:
        """See `kapnb.agent.ByteStream`."""
        ready, _, _ = select.select([self._read_fd, self._wake_read], [], [], timeout_s)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if self._read_fd in ready:
            return os.read(self._read_fd, READ_SIZE)
        return None

    def write(self, data: bytes) -> None:
        """See `kapnb.agent.ByteStream`."""
        view = memoryview(data)
        while view:  # a pipe may take less than it is given
            view = view[os.write(self._write_fd, view) :]

    def wake(self) -> None:
        """See `kapnb.agent.ByteStream`."""
        with contextlib.suppress(BlockingIOError):  # full: a wake-up is under way already
            os.write(self._wake_write, b"\0")


def claim_stdio() -> FdStream:
    """Take file descriptors 0 and 1 for the protocol; idempotent.

    What is printed afterwards, by whatever means, goes to stderr, which Kapacitor copies to
    its log. Call it before user code is imported.
    """
    global _claimed  # noqa: PLW0603  # the process has one stdin and one stdout
    if _claimed is None:
        frames_in, frames_out = os.dup(0), os.dup(1)  # not inherited by child processes
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdout.flush()  # what was printed before is no frame either
        sys.stdout = sys.stderr
        _claimed = FdStream(frames_in, frames_out)
    return _claimed


def run(handler: type[Handler]) -> None:
    """Serve `handler` on stdio and end the process.

    Parameters
    ----------
    handler : subclass of Handler
        Called without arguments.

    Raises
    ------
    SystemExit
        Always. Status 0: the stream ended, or init or restore was refused; 1: the Handler
        failed or the peer's bytes were wrong; 3: the peer stopped reading.
    """
    stream = claim_stdio()
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    status = Agent(handler()).run(stream)
    sys.stderr.flush()
    last = threading.Timer(EXIT_GRACE_S, os._exit, (status,))
    last.daemon = True
    last.start()
    sys.exit(status)
