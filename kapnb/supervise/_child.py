"""Child: one Handler process, as its front sees it; bytes in, bytes out, no process.

It hands over the opening and the inputs since the oldest mark, and tells by the order of what
comes back which outputs are known already. An answer of the Handler process stands behind all
outputs of the inputs before its request: that is the whole of what it relies on.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kapnb.agent import UNSUPERVISED
from kapnb.errors import RemoteProtocolError
from kapnb.model import (
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import Connection, EndOfStream, Kind, ProtobufCodec, Role, WirePoint
from kapnb.supervise._crashes import AT_START
from kapnb.supervise._journal import BatchUnit, Mark, canonical, show
from kapnb.supervise._task import Broken, Hopeless, Task

__all__ = ["Child"]

_log = logging.getLogger("kapnb")

#: Bytes that are made ready for the process at a time.
FEED_SIZE = 256 * 1024
#: Points after which a sign of life is asked for: a slow process with a long queue and nothing
#: to say must not be taken for one that hangs, and a crash is found among fewer suspects.
PING_POINTS = 100
#: Times of our own keepalive requests start here, where no clock is, so that their answers
#: cannot be confused with signs of life that the process gives of its own accord.
FIRST_PING = -(1 << 62)
#: A sign of life is also asked for this often within the busy limit.
PINGS_PER_LIMIT = 4

_REMEDY = f"make its outputs depend on its inputs and its snapshot alone, or {UNSUPERVISED}"

_codec = ProtobufCodec(deterministic=True)


@dataclass(frozen=True)
class Ping:
    """A keepalive request of ours, after `position` inputs."""

    time: int
    position: int
    sent_at: float


class Child:
    """One Handler process, as its front sees it.

    Parameters
    ----------
    task : Task
        What it takes over.
    now : float
        Seconds, on the clock that all `now` are of.

    Attributes
    ----------
    fed : int
        Inputs that it was given, counted from the task's start.
    confirmed : int
        Inputs of which it is certain that they were handled.
    at_end : bool
        Whether its input ends with what it was given.
    heard : float
        When it last said anything.
    """

    def __init__(self, task: Task, now: float) -> None:
        start = task.journal.start
        self._task, self._journal = task, task.journal
        self._connection = Connection(Role.KAPACITOR, codec=_codec)
        self._opening: deque[Any] = deque()
        if task.init is not None:
            self.open_with(task.init)
            if start.snapshot is not None:
                self.open_with(RestoreRequest(start.snapshot))
        self._start = start.position
        self.fed = self.confirmed = self._barrier = self._asked_at = self._start
        self._outputs = start.outputs  # units seen, counted from the task's start
        self._replay_end, self._owed = task.high, task.journal.sent
        self._asked = 0  # how many of the task's questions it was asked
        self._snapshots: deque[tuple[int, bool]] = deque()  # asked for: position, our own
        self._pings: deque[Ping] = deque()
        self._next_ping = FIRST_PING
        self._batch: list[bytes] | None = None  # frames of the outgoing batch that is open
        self._points = self._bytes = 0  # handed over since the last snapshot was asked for
        self._unpinged = 0  # points handed over since the last ping
        self._snapshot_at = now + task.limits.snapshot_after_s
        self.at_end, self._at_end_since = False, 0.0
        self.heard = self._ping_at = now
        self._routes: dict[type, Callable[[Any], None]] = {
            InfoResponse: self._info,
            InitResponse: self._init,
            RestoreResponse: self._restored,
            KeepaliveResponse: self._keepalive,
            SnapshotResponse: self._snapshot,
            ErrorResponse: self._error,
            BeginBatch: self._begin_batch,
            EndBatch: self._end_batch,
            EndOfStream: self._ended,
        }

    # ----------------------------------------------------------------- handing over

    def open_with(self, message: InitRequest | RestoreRequest) -> None:
        """Hand `message` over before any input."""
        self._opening.append(message)

    def feed(self, now: float) -> bytes:
        """Return what the process is to be given next, as far as there is anything."""
        pieces, size = [], 0
        if self.at_end:
            return b""
        if now >= self._ping_at and not self._pings:
            pieces.append(self._ping(now))
        while size < FEED_SIZE and (piece := self._next(now)):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)

    def _next(self, now: float) -> bytes:
        """Return one message or a run of inputs; empty if the process must answer first."""
        task, journal = self._task, self._journal
        unasked = task.questions[self._asked] if self._asked < len(task.questions) else None
        if self._opening and (unasked is None or unasked.position > AT_START):
            return self._connection.send(self._opening.popleft())
        if unasked is not None and unasked.position <= self.fed:
            self._asked += 1
            if unasked.kind is Kind.INFO:
                return self._connection.send(InfoRequest())
            return self._ask_for_snapshot(now, own=False)
        if self._snapshot_due(now):
            return self._ask_for_snapshot(now, own=True)
        if self._unpinged >= PING_POINTS:
            return self._ping(now)
        stop = min(journal.end, self.fed + PING_POINTS - self._unpinged)
        if task.careful:
            if self._is_opening:
                return b""
            if self.fed >= task.reached and self.confirmed < self.fed:
                return b"" if self._pinged else self._ping(now)
            stop = min(stop, max(task.reached, self.fed + 1))
        if unasked is not None:
            stop = min(stop, unasked.position)
        if self.fed < stop:
            return self._hand_over(stop)
        return self._end_input(now)

    def _hand_over(self, stop: int) -> bytes:
        """Return inputs up to `stop`, or fewer if a snapshot is due before."""
        if self._points < self._task.every:
            stop = min(stop, self.fed + self._task.every - self._points)
        units = self._journal.inputs(self.fed, stop)
        points = len(units)
        if type(units[0]) is BatchUnit:
            del units[1:]
            points = units[0].points
        data = b"".join(units)
        self.fed += len(units)
        self._points += points
        self._unpinged += points
        self._bytes += len(data)
        self._task.handed_over(self.fed, len(data))
        return data

    def _end_input(self, now: float) -> bytes:
        """Let the input end, if there will be no more.

        A last sign of life proves that all was handled: a process that leaves midway with
        status 0 looks like one that is done.
        """
        if not self._task.ended:
            return b""
        if not self._pinged:
            return self._ping(now)
        self.at_end, self._at_end_since = True, now
        return b""

    @property
    def _pinged(self) -> bool:
        """Whether a sign of life for the last input was asked for, or given."""
        last = self._pings[-1].position if self._pings else self.confirmed
        return last == self.fed

    def _ping(self, now: float) -> bytes:
        self._pings.append(Ping(self._next_ping, self.fed, now))
        self._next_ping += 1
        self._unpinged = 0
        self._ping_at = now + self._task.limits.busy_limit_s / PINGS_PER_LIMIT
        return self._connection.send(KeepaliveRequest(self._pings[-1].time))

    def _snapshot_due(self, now: float) -> bool:
        task = self._task
        if not self._snapshot_may_follow:
            return False
        if self._asked_at < self._replay_end <= self.fed:
            return True  # its answer proves that the replay gave all that was sent before
        if task.full or now >= self._snapshot_at or self._bytes >= task.every_bytes:
            return True
        return self._points >= task.every and self._bytes >= task.snapshot_size

    @property
    def _snapshot_may_follow(self) -> bool:
        """Whether there is something new to keep, and no snapshot of ours under way."""
        return self.fed > self._asked_at and not any(own for _, own in self._snapshots)

    def _ask_for_snapshot(self, now: float, *, own: bool) -> bytes:
        self._snapshots.append((self.fed, own))
        self._asked_at = self.fed
        self._points = self._bytes = 0
        self._snapshot_at = now + self._task.limits.snapshot_after_s
        return self._connection.send(SnapshotRequest())

    # --------------------------------------------------------------- what comes back

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes of the process; empty bytes say that its output has ended.

        Raises
        ------
        Broken
            If they make no sense, or say that the Handler has failed.
        Hopeless
            If they contradict what was sent to Kapacitor before.
        """
        self.heard = now
        encode = _codec.encode_response
        frames: list[bytes] = []  # of points, nearly all there is
        self._connection.receive_data(data)
        try:
            for event in self._connection.events():
                if type(event) is WirePoint:
                    frames.append(encode(event, in_batch=False))
                else:
                    self._points_came(frames)
                    self._routes[type(event)](event)
        except RemoteProtocolError as error:
            self._points_came(frames)
            raise Broken(f"its output is broken: {error}") from error
        self._points_came(frames)

    def _points_came(self, frames: list[bytes]) -> None:
        if self._batch is not None:
            self._batch += frames
        elif frames:
            self._pass_on(frames)
        frames.clear()

    def _pass_on(self, units: list[bytes]) -> None:
        """Pass outputs on, but not those that Kapacitor has already."""
        journal = self._journal
        known = min(journal.sent - self._outputs, len(units))
        for unit in units[:known]:
            self._compare(journal.output(self._outputs), unit)
            self._outputs += 1
        new = units[known:]
        if new and self.fed == self._barrier and not self.at_end:
            raise Hopeless(
                f"the Handler sent {show(new[0])} although it had answered all its input: output "
                "from the background belongs to no input and cannot be replayed exactly; "
                f"{UNSUPERVISED}"
            )
        journal.add_outputs(new)
        self._task.out += new
        self._outputs += len(new)

    def _compare(self, sent: bytes, unit: bytes) -> None:
        if sent != unit and canonical(sent) != canonical(unit):
            raise Hopeless(
                f"the Handler is not deterministic: after a restart output {self._outputs + 1} "
                f"since the start was {show(unit)}; before, it was {show(sent)}; {_REMEDY}"
            )

    def _check_owed(self) -> None:
        """Find out, once the replay is over, whether it gave all that Kapacitor has."""
        if self._outputs < self._owed:
            raise Hopeless(
                "the Handler is not deterministic: after a restart it gave "
                f"{self._outputs} outputs where it had given {self._owed} before; {_REMEDY}"
            )

    def _begin_batch(self, begin: BeginBatch) -> None:
        self._batch = [_codec.encode_response(begin, in_batch=False)]

    def _end_batch(self, end: EndBatch) -> None:
        assert self._batch is not None
        frames, self._batch = self._batch, None
        frames.append(_codec.encode_response(end, in_batch=True))
        self._pass_on([b"".join(frames)])

    def _info(self, answer: InfoResponse) -> None:
        self._asked -= 1
        self._task.answer(answer, Kind.INFO)

    def _init(self, answer: InitResponse) -> None:
        task = self._task
        if not task.started:
            task.started = answer.success
            task.send(answer)
        elif not answer.success:
            raise Hopeless(f"after a restart the Handler refused init: {answer.error}")

    def _restored(self, answer: RestoreResponse) -> None:
        task = self._task
        if not task.restored and self._journal.start.position == 0:
            task.restored = answer.success
            task.send(answer)
        elif not answer.success:
            raise Hopeless(f"after a restart the Handler refused its own snapshot: {answer.error}")

    def _keepalive(self, answer: KeepaliveResponse) -> None:
        if not any(ping.time == answer.time for ping in self._pings):
            return  # a sign of life of its own accord
        while (ping := self._pings.popleft()).time != answer.time:
            pass
        self._confirm(ping.position)

    def _confirm(self, position: int) -> None:
        self.confirmed = max(self.confirmed, position)
        self._task.reached = max(self._task.reached, position)

    def _snapshot(self, answer: SnapshotResponse) -> None:
        task = self._task
        position, own = self._snapshots.popleft()
        self._confirm(position)
        self._barrier = position
        if position >= self._replay_end:
            self._check_owed()
        # An outgoing batch that is open is not part of the snapshot.
        if answer.snapshot and self._batch is None:
            task.mark(Mark(position, self._outputs, answer.snapshot))
        else:
            self._without_snapshot(position)
        if not own:
            self._asked -= 1
            task.answer(answer, Kind.SNAPSHOT)

    def _without_snapshot(self, position: int) -> None:
        task = self._task
        if not task.snapshot_failed:
            task.snapshot_failed = True
            _log.warning("the Handler gave no usable snapshot after %d inputs", position)
        if task.full and position == self._journal.end:
            raise Hopeless(
                f"{self._journal.points} points have come since the Handler last gave a usable "
                "snapshot, which is all that may be kept for a replay; give it a snapshot, or "
                f"{UNSUPERVISED}"
            )

    def _error(self, error: ErrorResponse) -> None:
        raise (Hopeless if UNSUPERVISED in error.error else Broken)(error.error)

    def _ended(self, event: EndOfStream) -> None:
        """Do nothing: the process's exit status will tell more."""

    # ------------------------------------------------------------------------- state

    def hang_at(self) -> float:
        """Return when the process counts as hung unless it says something."""
        if self._pings:
            since = self._pings[0].sent_at
        elif self.at_end:
            since = self._at_end_since
        else:
            return float("inf")
        return max(self.heard, since) + self._task.limits.busy_limit_s

    def wake_at(self) -> float:
        """Return when `feed` will have something to say that it has not now."""
        if self.at_end:
            return float("inf")
        return min(
            float("inf") if self._pings else self._ping_at,
            self._snapshot_at if self._snapshot_may_follow else float("inf"),
        )

    def suspects(self) -> range:
        """Return the positions of the inputs one of which is being handled."""
        # Answers are written in bulk: that to init may be lost in a crash long after it.
        opening = self._is_opening or not self._task.started
        if opening and self.fed == self._start and not self.at_end:
            return range(AT_START, AT_START + 1)
        return range(AT_START if opening else self.confirmed, self.fed + self.at_end)

    @property
    def _is_opening(self) -> bool:
        """Whether init or restore waits for its answer."""
        unanswered = self._connection.unanswered
        return bool(self._opening or unanswered(Kind.INIT) or unanswered(Kind.RESTORE))

    def check_done(self) -> bool:
        """Return whether all that was asked of the process has been answered.

        Raises
        ------
        Hopeless
            If it has, with fewer outputs than were sent to Kapacitor.
        """
        kinds = (Kind.INFO, Kind.INIT, Kind.RESTORE, Kind.SNAPSHOT)
        if (
            not self.at_end
            or self.confirmed < self._journal.end
            or self._batch is not None
            or any(map(self._connection.unanswered, kinds))
        ):
            return False
        self._check_owed()
        return True
