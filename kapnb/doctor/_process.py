"""Kapacitor's side of one UDF process, with its clock.

Like the daemon it asks for a sign of life every half timeout, and gives up on a process that
has been silent for a whole one. Unlike the daemon it says what it saw.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from kapnb.doctor._findings import Trouble
from kapnb.doctor._limits import Limits
from kapnb.doctor._streams import Frames, Stderr
from kapnb.model import EdgeType, KeepaliveRequest
from kapnb.protocol import Connection, Role

__all__ = ["Process"]

#: So much is encoded ahead of what the pipe has taken.
_AHEAD_BYTES = 64 * 1024
_READ_SIZE = 1024 * 1024
#: Between two looks whether a process has ended that has closed its stdout already.
_EXIT_LOOK_S = 0.02


class Process:
    """A UDF process and the conversation with it.

    Parameters
    ----------
    command : sequence of str
        What to start.
    limits : Limits
        How long it may be silent.
    stderr : Stderr
        Told what the process writes there.
    wants, provides : EdgeType, optional
        The UDF's edges, where they are known.

    Raises
    ------
    Trouble
        If it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        limits: Limits,
        stderr: Stderr,
        wants: EdgeType | None = None,
        provides: EdgeType | None = None,
    ) -> None:
        self._limits, self._clock, self._stderr = limits, limits.clock, stderr
        try:
            self._process = subprocess.Popen(  # noqa: S603  # what is examined
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # so that its children can be ended with it
            )
        except OSError as error:
            raise Trouble(
                f"{command[0]} cannot be started: {error.strerror}",
                "check the shebang, the permissions and the path",
            ) from error
        self._started = self._heard = self._clock()
        self._connection = Connection(Role.KAPACITOR, wants=wants, provides=provides)
        self._frames = Frames(self._connection)
        self._inbox: deque[Any] = deque()  # events that nobody has taken yet
        self._waiting = bytearray()  # to be written
        self._ticks = 0
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._stdin, self._stdout, self._stderr_pipe = (pipe for pipe in pipes if pipe is not None)
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ, self._read)
        self._selector.register(self._stderr_pipe, selectors.EVENT_READ, self._read_stderr)
        self._out_open = True
        self._writing = False

    @property
    def _pipes(self) -> tuple[IO[bytes], ...]:
        return self._stdin, self._stdout, self._stderr_pipe

    # ------------------------------------------------------------ conversation

    def exchange(
        self, requests: Iterable[Any], is_last: Callable[[Any], bool], within_s: float
    ) -> Iterator[Any]:
        """Send requests and yield what comes, until the answer that `is_last`.

        Raises
        ------
        Trouble
            If the process is silent for the timeout, takes longer than `within_s`, ends, or
            writes what is no frame or breaks a rule.
        """
        left = iter(requests)
        start = self._heard = self._clock()
        ticked = start
        while True:
            while len(self._waiting) < _AHEAD_BYTES:
                message = next(left, None)
                if message is None:
                    break
                self._waiting += self._connection.send(message)
            now = self._clock()
            if now - ticked >= self._limits.timeout_s / 2:
                ticked = now
                self._ticks += 1
                self._waiting += self._connection.send(KeepaliveRequest(-self._ticks))
            deadline = min(self._heard + self._limits.timeout_s, start + within_s)
            self._turn(min(deadline, ticked + self._limits.timeout_s / 2) - now)
            if now >= deadline and not self._inbox:  # nothing came even at the last moment
                raise self._silent(now - self._heard)
            while self._inbox:  # what follows the last answer is kept for the next exchange
                event = self._inbox.popleft()
                yield event
                if is_last(event):
                    return
            if not self._out_open:
                raise self._ended_early()

    def end(self) -> None:
        """Close stdin as Kapacitor does, and wait for the exit.

        Raises
        ------
        Trouble
            If the process stays, or ends with another status than 0.
        """
        self._waiting.clear()
        self._want_to_write(False)
        self._stdin.close()
        if not self._gone():
            raise Trouble(
                f"still there {self._limits.exit_s:g} s after the end of its input; Kapacitor "
                "waits without limit, at its own start and whenever a task stops",
                "leave the read loop at the end of stdin; make threads daemons",
            )
        if self._frames.pending:
            raise self._frames.impure()
        if self._process.returncode:
            raise Trouble(
                f"process exited unexpectedly: {self._status()}{self._stderr.last}",
                "after the end of stdin leave with status 0",
            )

    def leaves(self) -> bool:
        """Wait for the process to end by itself; return whether it did, with status 0."""
        return self._gone() and not self._process.returncode

    def _gone(self) -> bool:
        """Read what comes until stdout is closed and the process has ended, or time is up."""
        deadline = self._clock() + self._limits.exit_s
        while self._out_open or self._process.poll() is None:
            left = deadline - self._clock()
            if left <= 0:
                return False
            # Once stdout is closed, no file descriptor tells of the exit.
            self._turn(left if self._out_open else min(left, _EXIT_LOOK_S))
        return True

    def kill(self) -> None:
        """End the process, its children, and the conversation."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        for pipe in self._pipes:
            pipe.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def age_s(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def memory(self) -> int | None:
        """Return the resident memory in bytes, or None where ``/proc`` does not tell it."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        return None

    # ------------------------------------------------------------------ pipes

    def _turn(self, timeout_s: float) -> None:
        """Move bytes once; the events among them are put into the inbox."""
        self._want_to_write(bool(self._waiting))
        for key, _ in self._selector.select(max(timeout_s, 0.0)):
            key.data()

    def _want_to_write(self, wanted: bool) -> None:
        if wanted is not self._writing:
            self._writing = wanted
            if wanted:
                self._selector.register(self._stdin, selectors.EVENT_WRITE, self._write)
            else:
                self._selector.unregister(self._stdin)

    def _write(self) -> None:
        try:
            written = os.write(self._stdin.fileno(), self._waiting[:_AHEAD_BYTES])
            del self._waiting[:written]
        except OSError:  # it reads no more; what it wrote may tell why
            self._waiting.clear()
            self._want_to_write(False)

    def _read(self) -> None:
        data = os.read(self._stdout.fileno(), _READ_SIZE)
        if not data:
            self._out_open = False
            self._selector.unregister(self._stdout)
            return
        events = self._frames.take(data)
        if events:
            self._heard = self._clock()
            self._inbox.extend(events)

    def _read_stderr(self) -> None:
        data = os.read(self._stderr_pipe.fileno(), _READ_SIZE)
        if data:
            self._stderr.take(data)
        else:
            self._selector.unregister(self._stderr_pipe)

    # ---------------------------------------------------------------- troubles

    def _silent(self, silence_s: float) -> Trouble:
        if self._frames.pending:
            return self._frames.impure()
        if silence_s < self._limits.timeout_s:
            return Trouble(
                "alive, but without the answer asked for",
                "answer every request, whatever else goes on",
            )
        return Trouble(
            f"silent for the timeout of {self._limits.timeout_s:g} s: keepalive timedout, and "
            f"Kapacitor kills it{self._stderr.last}",
            "import and load what is heavy after the first answer, or raise the timeout",
        )

    def _ended_early(self) -> Trouble:
        """Say how the process ended; it has closed its stdout."""
        if self._frames.pending:
            return self._frames.impure()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._turn(0)  # the last of stderr
        return Trouble(
            f"ended before it answered: {self._status()}{self._stderr.last}", self._hint()
        )

    def _hint(self) -> str:
        last = self._stderr.last
        if "No module named 'kapacitor'" in last:
            return (
                "it uses the official API, which this Python lacks; name what Kapacitor will "
                "start: kapnb doctor -- COMMAND"
            )
        if "No module named" in last:
            return "install that package for the Python that runs the script"
        if self._process.poll() == 0:
            return "serve a Handler at its end, such as kapnb.run(HANDLER), until stdin ends"
        return "run the command by hand and see its stderr"

    def _status(self) -> str:
        status = self._process.poll()
        if status is None:
            return "it closed its stdout and goes on"
        return f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"
