"""The stdio transport: file descriptors 0 and 1, taken away from everybody else.

The only code of the project that touches them. After `claim_stdio`, file descriptor 1 is
stderr and 0 is empty, so a `print`, a write of a C library or a child process cannot put a
byte between two frames, and `input()` cannot take one away.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import stat
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kapnb.agent._agent import Agent
    from kapnb.agent._porch import Porch

__all__ = ["FdStream", "StdioClaim", "claim_stdio", "claimed"]

#: Most of what a pipe holds (64 KiB by default, 1 MiB at the most) is taken in one read.
READ_SIZE = 1024 * 1024


class FdStream:
    """A byte stream on two file descriptors.

    Parameters
    ----------
    read_fd, write_fd : int
        Open, blocking; they may be one.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._poll = select.poll()
        self._poll.register(read_fd, select.POLLIN)
        self._poll.register(self._wake_read, select.POLLIN)
        self._unread = b""

    @property
    def fds(self) -> tuple[int, int]:
        """The file descriptors that are read and written."""
        return self._read_fd, self._write_fd

    @property
    def wake_fd(self) -> int:
        """What `wake` writes to; a signal may do so, too."""
        return self._wake_write

    def read(self, timeout_s: float | None = None) -> bytes | None:
        """See `kapnb.agent.ByteStream`."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        ready = self._poll.poll(None if timeout_s is None else math.ceil(timeout_s * 1000))
        found = False
        for fd, _ in ready:
            if fd == self._wake_read:
                os.read(fd, 4096)
            else:
                found = True
        return os.read(self._read_fd, READ_SIZE) if found else None

    def unread(self, data: bytes) -> None:
        """Give bytes back that were read: the next `read` returns them."""
        self._unread = data + self._unread

    def write(self, data: bytes) -> None:
        """See `kapnb.agent.ByteStream`."""
        taken = os.write(self._write_fd, data)
        if taken < len(data):  # a pipe may take less than it is given
            view = memoryview(data)[taken:]
            while view:
                view = view[os.write(self._write_fd, view) :]

    def hung_up(self) -> bool:
        """See `kapnb.agent.ByteStream`."""
        poll = select.poll()
        poll.register(self._read_fd, 0)
        return bool(poll.poll(0))

    def isatty(self) -> bool:
        """Return whether the peer is a person at a terminal."""
        return os.isatty(self._read_fd)

    def wake(self) -> None:
        """See `kapnb.agent.ByteStream`."""
        with contextlib.suppress(BlockingIOError):  # full: a wake-up is under way already
            os.write(self._wake_write, b"\0")


class StdioClaim:
    """The process's stdin and stdout, taken for the protocol.

    Attributes
    ----------
    stream : FdStream
        What they were.
    stderr : LineLimited
        What everything that is printed goes through.
    info : bytes or None
        The frame with which info was answered for the Handler, if the script declared it.
    foretold : bool
        Whether it was, before the script was imported.
    agent : Agent or None
        Who serves it.
    served : bool
        Whether somebody has taken over; until then the process speaks for itself if it ends.
    """

    def __init__(self) -> None:
        from kapnb.agent._logs import LineLimited
        from kapnb.agent._start import speak_at_the_end

        frames_in, frames_out = os.dup(0), os.dup(1)  # not inherited by child processes
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdout.flush()  # what was printed before is no frame either
        sys.stdout = sys.stderr = self.stderr = LineLimited(sys.stderr)
        self.stream = FdStream(frames_in, frames_out)
        os.register_at_fork(after_in_child=self._forget_frames)
        self.info: bytes | None = None
        self.agent: Agent | None = None
        self.served = False
        self.foretold = False
        self._porch: Porch | None = None
        speak_at_the_end(self)

    def _forget_frames(self) -> None:
        """Let a child process that was forked have nothing of the wire.

        It would write frames of its own if user code falls back into ours there, and if it
        outlives its parent, Kapacitor would wait for the end of an output that it holds open.
        """
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in self.stream.fds:
            os.dup2(nothing, number, inheritable=False)
        os.close(nothing)

    def open_porch(self, info: bytes | None) -> None:
        """Send signs of life while the script is imported, and answer info if it is known.

        Kapacitor gives a process pipes: at a terminal, or with /dev/null for stdin, as servers
        are started, there is nobody to send them to.
        """
        from kapnb.agent._porch import Porch

        if stat.S_ISCHR(os.fstat(self.stream.fds[0]).st_mode):
            return
        self.info = info
        self._porch = Porch(self.stream, info, on_hung=self._hung)

    def take(self) -> FdStream:
        """Return the stream for an Agent to serve."""
        self.served = True
        self.close_porch()
        return self.stream

    def close_porch(self) -> None:
        """Send no more signs of life; whoever called this answers from now on."""
        if self._porch is not None:
            self._porch.close()
            self.foretold = self._porch.answered
            self._porch = None

    def _hung(self, text: str) -> None:
        from kapnb.agent._agent import EXIT_HUNG
        from kapnb.agent._start import error_frame, leave_within_grace

        leave_within_grace(EXIT_HUNG)  # stderr may be what hangs
        with contextlib.suppress(OSError):  # the peer is gone: there is nobody left to tell
            self.stream.write(error_frame(text))
        sys.stderr.write(f"kapnb: {text}\n")
        os._exit(EXIT_HUNG)


_claim: StdioClaim | None = None


def claim_stdio(
    *,
    wants: str | None = None,
    provides: str = "STREAM",
    options: Mapping[str, Iterable[str]] | None = None,
) -> FdStream:
    """Take file descriptors 0 and 1 for the protocol; idempotent.

    What is printed afterwards, by whatever means, goes to stderr, which Kapacitor copies to
    its log. Call it before user code is imported: from then on Kapacitor gets signs of life,
    and an import that fails is reported to it.

    Parameters
    ----------
    wants, provides : {"STREAM", "BATCH"}, optional
        The Handler's edges. If `wants` is given, info is answered at once, before the imports
        that follow; it must be what the Handler itself would say.
    options : mapping of str to iterable of str, optional
        The Handler's options: name → names of their arguments' types.

    Returns
    -------
    FdStream
        What stdin and stdout were.
    """
    global _claim  # noqa: PLW0603  # the process has one stdin and one stdout
    if _claim is None:
        _claim = StdioClaim()  # first, so that whatever fails from here on is told
        info = None
        if wants is not None:
            from kapnb.agent._porch import info_frame

            info = info_frame(wants, provides, options or {})
        _claim.open_porch(info)
    return _claim.stream


def claimed() -> StdioClaim:
    """Return the claim, made now if nobody made it."""
    claim_stdio()
    assert _claim is not None
    return _claim
