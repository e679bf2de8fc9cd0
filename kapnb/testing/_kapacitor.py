"""Kapacitor: the daemon's side of one agent, played over real pipes or a real socket.

One thread, no callbacks: whoever waits for something reads, writes and asks for signs of life
meanwhile, so nothing blocks and every wait has an end. What the agent sends is checked by a
`Connection` in the role of Kapacitor.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from kapnb.errors import RemoteProtocolError
from kapnb.model import KeepaliveRequest, KeepaliveResponse
from kapnb.protocol import Connection, EndOfStream, Role
from kapnb.testing._line import Line, NobodyListens
from kapnb.testing._process import AgentProcess

__all__ = ["Heard", "Kapacitor", "Misbehaved"]

_M = TypeVar("_M")

#: While the exit of a process is waited for, this long between two looks, in seconds.
_POLL_S = 0.02
#: Between two looks at whether the agent has read what was written, in seconds.
_TAKEN_POLL_S = 0.0005
#: Times of the keepalive requests that `fence` sends; nobody else's are near.
_FENCE = 7_000_000_000_000_000_000
#: Longest quotation of a message, in characters.
_QUOTE_MAX = 120


class Misbehaved(AssertionError):
    """The agent broke a rule of the protocol, or did not answer in time."""


@dataclass(frozen=True)
class Heard:
    """A frame of the agent and when it came, in seconds of the monotonic clock."""

    message: Any
    at: float


class Kapacitor:
    """Kapacitor's side of one agent.

    Parameters
    ----------
    command : sequence of str, or AgentProcess
        What to start; a process that is there already is left alone at the end.
    socket : str, optional
        Path of the Unix socket on which the process listens; without it its stdin and
        stdout are the wire.
    env : mapping of str to str, optional
        Variables set besides those of this process.
    timeout_s : float, default: 10.0
        How long an answer may take, in seconds.
    patience_s : float, optional
        How long a server may take until it listens, in seconds; by default as long as an answer.

    Attributes
    ----------
    heard : list of Heard
        Every frame of the agent so far, keepalives included.
    line : Line
        The bytes below the messages: set ``line.listening`` to False to be a consumer that
        hangs, call ``line.hang_up`` to be one that is gone.
    keepalive_every_s : float or None
        `receive` asks for a sign of life this often, in seconds; Kapacitor does so every half
        of its timeout.

    Raises
    ------
    Misbehaved
        By every method that waits.

    Examples
    --------
    >>> with Kapacitor(["kapnb", "run", "udf.py"]) as kapacitor:  # doctest: +SKIP
    ...     kapacitor.send(InitRequest())
    ...     assert kapacitor.receive(InitResponse).success
    ...     kapacitor.send(Point({"value": 1.0}, time=0, name="cpu"))
    ...     print(kapacitor.receive(Point))
    """

    def __init__(
        self,
        command: Sequence[str] | AgentProcess,
        *,
        socket: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        patience_s: float | None = None,
    ) -> None:
        self.timeout_s = timeout_s
        self.connection = Connection(Role.KAPACITOR)
        self.heard: list[Heard] = []
        self.keepalive_every_s: float | None = None
        self.asked: list[float] = []  # when a sign of life was asked for
        self._inbox: deque[Any] = deque()
        self._fences = itertools.count(_FENCE)
        self.started = time.monotonic()
        self._owned = not isinstance(command, AgentProcess)
        self.process = (
            command
            if isinstance(command, AgentProcess)
            else AgentProcess(command, env=env, pipes=socket is None)
        )
        try:
            self.line = Line(self.process, socket, patience_s or timeout_s)
        except NobodyListens as error:
            if self._owned:
                self.process.kill()
            raise Misbehaved(str(error)) from error
        if socket is not None:  # Kapacitor dials for minutes, and waits from then on
            self.started = time.monotonic()

    def __enter__(self) -> Kapacitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def at_end(self) -> bool:
        """Whether the agent has closed its output, or we have hung up."""
        return self.line.at_end

    # ---------------------------------------------------------------- sending

    def send(self, *messages: Any) -> None:
        """Send requests and wait until they are written."""
        self.write(b"".join(map(self.frame, messages)))

    def frame(self, message: Any) -> bytes:
        """Return the frame of a request that will be written; it counts as sent."""
        return self.connection.send(message)

    def write(self, data: bytes) -> None:
        """Write bytes, whatever they are, and wait until they are written."""
        self.post(data)
        if not self.exchange(lambda: not self.line.outgoing):
            raise Misbehaved(f"it did not read its input for {self.timeout_s:g} s")

    def post(self, data: bytes) -> None:
        """Queue bytes, which are written while something is waited for."""
        self.line.outgoing += data

    def write_apart(self, *pieces: bytes) -> None:
        """Write each piece only after the agent has read the one before."""
        for piece in pieces:
            self.write(piece)
            deadline = time.monotonic() + self.timeout_s
            while self.line.is_unread():
                if time.monotonic() > deadline:
                    raise Misbehaved(f"it did not read its input for {self.timeout_s:g} s")
                self._step(_TAKEN_POLL_S)

    def close(self) -> None:
        """Close our side once all is written; the agent may go on talking."""
        self.exchange(lambda: not self.line.outgoing)
        self.line.close()

    # -------------------------------------------------------------- receiving

    def receive(self, kind: type[_M], *, within_s: float | None = None) -> _M:
        """Return the next message that is no keepalive; it must be of `kind`."""
        if not self.exchange(lambda: bool(self._inbox) or self.at_end, within_s, asking=True):
            seconds = self.timeout_s if within_s is None else within_s
            raise Misbehaved(f"no {_name(kind)} within {seconds:g} s")
        if not self._inbox:
            raise Misbehaved(f"it closed its output where a {_name(kind)} was due")
        message = self._inbox.popleft()
        if not isinstance(message, kind):
            raise Misbehaved(f"{_quote(message)} came where a {_name(kind)} was due")
        return message

    def ask(self, time_: int) -> float:
        """Send one keepalive request, wait for the answer with the same time.

        Returns
        -------
        float
            How long it took, in seconds.
        """
        since, start = len(self.heard), time.monotonic()
        self.send(KeepaliveRequest(time_))
        return self.await_keepalive(time_, since).at - start

    def await_keepalive(self, time_: int, since: int = 0) -> Heard:
        """Wait for a keepalive answer with this time; look at what was heard from `since` on."""

        def find() -> Heard | None:
            return next((heard for heard in self.heard[since:] if _answers(heard, time_)), None)

        self.exchange(lambda: self.at_end or find() is not None)
        found = find()
        if found is not None:
            return found
        if self.at_end:
            raise Misbehaved("it closed its output where a keepalive answer was due")
        raise Misbehaved(f"keepalive {time_} was not answered within {self.timeout_s:g} s")

    def fence(self) -> list[Any]:
        """Make sure that everything sent so far was handled.

        Returns
        -------
        list
            The messages that came before the answer to a keepalive request, and were not
            received yet.
        """
        self.ask(next(self._fences))
        return self._take_inbox()

    def rest(self, within_s: float | None = None) -> list[Any]:
        """Close our side and return what else comes until the agent closes its own."""
        self.close()
        if not self.exchange(lambda: self.at_end, within_s):
            seconds = self.timeout_s if within_s is None else within_s
            raise Misbehaved(f"it did not end within {seconds:g} s after its input had ended")
        return self._take_inbox()

    def exit_status(self, within_s: float | None = None) -> int:
        """Wait for the process to end by itself; return its status, negative for a signal."""
        if not self.exchange(lambda: self.process.status() is not None, within_s, _POLL_S):
            seconds = self.timeout_s if within_s is None else within_s
            raise Misbehaved(f"the process did not exit within {seconds:g} s")
        while not self.at_end and self.line.listening and self._step(0):
            pass  # what lies in the pipe is still the agent's word
        status = self.process.status()
        assert status is not None
        return status

    def stderr(self) -> str:
        """Return what the process has said on stderr."""
        return self.process.stderr()

    def silence(self) -> float:
        """Return how long nothing has come, in seconds."""
        return time.monotonic() - (self.heard[-1].at if self.heard else self.started)

    def longest_silence(self) -> float:
        """Return the longest time without a frame since the start, in seconds."""
        times = [self.started, *(heard.at for heard in self.heard)]
        return max((b - a for a, b in itertools.pairwise(times)), default=self.silence())

    def slowest_sign(self, since: float = 0.0) -> float:
        """Return the longest time from asking for a sign of life to any frame, in seconds.

        `since`, a time of the monotonic clock, leaves out what was asked for before.
        """
        times = [heard.at for heard in self.heard]
        now = time.monotonic()
        asked = [at for at in self.asked if at >= since]
        return max((next((at for at in times if at >= ask), now) - ask for ask in asked), default=0)

    def kill(self) -> None:
        """Hang up, and end the process if it was started here; idempotent."""
        self.line.drop()
        if self._owned:
            self.process.kill()

    def _take_inbox(self) -> list[Any]:
        taken = list(self._inbox)
        self._inbox.clear()
        return taken

    # ---------------------------------------------------------------- the loop

    def exchange(
        self,
        until: Callable[[], bool],
        within_s: float | None = None,
        poll_s: float = 1.0,
        *,
        asking: bool = False,
    ) -> bool:
        """Read and write until something holds; return whether it came in time.

        Parameters
        ----------
        until : callable
            Asked after everything that happens, and every `poll_s` seconds.
        within_s : float, optional
            Give up after this long, in seconds; by default after `timeout_s`.
        poll_s : float, default: 1.0
            For what happens outside of the wire.
        asking : bool, default: False
            Ask for signs of life meanwhile, every `keepalive_every_s`. Not for who has written
            half a frame.
        """
        deadline = time.monotonic() + (self.timeout_s if within_s is None else within_s)
        while not until():
            now = time.monotonic()
            if now >= deadline:
                return False
            due_s = self._ask_if_due(now) if asking else poll_s
            self._step(min(deadline - now, poll_s, due_s))
        return True

    def _ask_if_due(self, now: float) -> float:
        """Ask for a sign of life if it is time; return the seconds until the next one."""
        if self.keepalive_every_s is None or self.line.closed:
            return 60.0
        due = (self.asked[-1] if self.asked else self.started) + self.keepalive_every_s
        if now >= due:
            self.line.outgoing += self.connection.send(KeepaliveRequest(time.time_ns()))
            self.asked.append(now)
            due = now + self.keepalive_every_s
        return due - now

    def _step(self, wait_s: float) -> bool:
        """Read and write once; return whether anything could be."""
        active, data = self.line.step(wait_s)
        if data is not None:
            at = time.monotonic()
            self.connection.receive_data(data)
            try:
                for event in self.connection.events():
                    self._hear(event, at)
            except RemoteProtocolError as error:
                raise Misbehaved(f"it sent what Kapacitor does not bear: {error}") from error
        return active

    def _hear(self, event: Any, at: float) -> None:
        if isinstance(event, EndOfStream):
            return
        self.heard.append(Heard(event, at))
        if not isinstance(event, KeepaliveResponse):
            self._inbox.append(event)


def _answers(heard: Heard, time_: int) -> bool:
    return isinstance(heard.message, KeepaliveResponse) and heard.message.time == time_


def _name(kind: type) -> str:
    return "message" if kind is object else kind.__name__


def _quote(message: Any) -> str:
    text = repr(message)
    return text if len(text) <= _QUOTE_MAX else f"{text[: _QUOTE_MAX - 1]}…"
