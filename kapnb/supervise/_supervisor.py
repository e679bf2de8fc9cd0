"""Supervisor: everything a front process decides, without processes, streams and clocks.

Bytes of both sides and the time go in; bytes for both sides come out, and whether a Handler
process should run, be killed, be read. `_front` does what it says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from kapnb.agent import EXIT_BROKEN_PIPE, EXIT_FAILED, EXIT_OK
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
)
from kapnb.protocol import (
    Connection,
    EndOfStream,
    Kind,
    ProtobufCodec,
    Role,
    UnknownRequest,
    WirePoint,
)
from kapnb.supervise._child import FEED_SIZE, Child
from kapnb.supervise._crashes import AT_START, Crash, Crashes, ending
from kapnb.supervise._journal import BatchUnit, describe
from kapnb.supervise._limits import Limits
from kapnb.supervise._task import READ_AHEAD, Broken, Hopeless, Task

__all__ = ["EXIT_TERMINATED", "Supervisor"]

_log = logging.getLogger("kapnb")
_codec = ProtobufCodec()

#: What a shell reports for a process that SIGTERM ended.
EXIT_TERMINATED = 143
#: Bytes for Kapacitor that may wait; beyond it the Handler process is not listened to.
WAITING_SIZE = 1024 * 1024
#: While Kapacitor is not read, its keepalive requests lie in the pipe. A sign of life this
#: often, in seconds, keeps it patient; any response does, asked for or not.
BEAT_S = 0.5
#: After an error frame input is drained this long, in seconds, so that Kapacitor's writer does
#: not meet a broken pipe, whose text would hide the error.
DRAIN_S = 5.0
_NEVER = float("inf")


class Supervisor:
    """Everything a front process decides.

    Parameters
    ----------
    limits : Limits
        What may be used up.
    now : float
        Seconds, on the clock that all `now` are of.
    log : logging.Logger, default: the one named ``kapnb``
        Where crashes and restarts are told.

    Attributes
    ----------
    to_kapacitor, to_child : bytearray
        What is to be written; whoever writes takes it from the front.
    exit_status : int or None
        Set when the front process is to end, once `to_kapacitor` is written.
    restarts : int
        Handler processes started after the first.
    leave_by : float
        When the front process ends even if not all is written.

    Examples
    --------
    >>> from kapnb.supervise import Limits
    >>> supervisor = Supervisor(Limits(), now=0.0)
    >>> supervisor.starts_child(0.0)
    True
    >>> supervisor.child_started(0.0)
    >>> supervisor.from_kapacitor(bytes.fromhex("020a00"), 0.1)  # info request
    >>> supervisor.to_child.endswith(bytes.fromhex("020a00"))  # behind a question of its own
    True
    >>> supervisor.from_child(bytes.fromhex("020a00"), 0.2)  # info response
    >>> supervisor.to_kapacitor.hex()
    '020a00'
    """

    def __init__(self, limits: Limits, now: float, log: logging.Logger = _log) -> None:
        self._limits, self._log = limits, log
        self.to_kapacitor, self.to_child = bytearray(), bytearray()
        self.exit_status: int | None = None
        self.restarts = -1
        self._kapacitor = Connection(Role.AGENT)
        self._task = Task(limits, self._send)
        self._crashes = Crashes(limits)
        self._child: Child | None = None
        self._reason = ""  # why the child that still runs must go
        self._cut_off = ""  # what its output lacked when it ended
        self._start_at = now
        self._batch: list[bytes] | None = None  # frames of the incoming batch that is open
        self._answered = False  # a Handler process has answered Kapacitor anything
        self._fault = ""  # what is wrong with Kapacitor's bytes
        self._failed = False  # Kapacitor was told that it is over
        self._gone = False  # nobody reads what is written
        self._leaving: int | None = None  # exit status, once the end is decided
        self.leave_by = self._beat_at = _NEVER
        self._now = now
        self._last_keepalive = 0
        self._routes: dict[type, Callable[[Any], None]] = {
            InfoRequest: lambda event: self._task.ask(Kind.INFO),
            InitRequest: self._init,
            KeepaliveRequest: self._keepalive,
            SnapshotRequest: lambda event: self._task.ask(Kind.SNAPSHOT),
            RestoreRequest: self._restore,
            BeginBatch: self._begin_batch,
            EndBatch: self._end_batch,
            UnknownRequest: self._unknown,
            EndOfStream: self._end_of_stream,
        }

    # ------------------------------------------------------- what the front process does

    @property
    def connection(self) -> Connection:
        """Our end of the wire to Kapacitor."""
        return self._kapacitor

    @property
    def reads_kapacitor(self) -> bool:
        """Whether bytes of Kapacitor are wanted."""
        task = self._task
        if task.ended:
            return False
        return self._failed or not (task.full or task.ahead >= READ_AHEAD)

    @property
    def reads_child(self) -> bool:
        """Whether bytes of the Handler process are wanted."""
        return not self.kills_child and len(self.to_kapacitor) < WAITING_SIZE

    @property
    def kills_child(self) -> bool:
        """Whether the Handler process is to be killed and reaped now."""
        return self._child is not None and bool(self._reason)

    @property
    def closes_child(self) -> bool:
        """Whether the Handler process's input is to be closed, once `to_child` is written."""
        return self._child is not None and self._child.at_end

    @property
    def restores_own(self) -> bool:
        """Whether the next Handler process is given a snapshot of an earlier one."""
        return self._task.journal.start.position > 0

    def starts_child(self, now: float) -> bool:
        """Return whether a Handler process is to be started now."""
        return self._child is None and self._leaving is None and now >= self._start_at

    def deadline(self) -> float:
        """Return when `tick` must be called at the latest if nothing else happens."""
        due = [self.leave_by]
        if not self.reads_kapacitor:
            due.append(self._beat_at)
        if self._child is None:
            due.append(self._start_at if self._leaving is None else _NEVER)
        elif not self._reason:
            due.append(self._child.hang_at())
            if len(self.to_child) < FEED_SIZE:
                due.append(self._child.wake_at())
        return min(due)

    # ------------------------------------------------------------------- what happens

    def child_started(self, now: float) -> None:
        """Take note that a Handler process runs."""
        self.restarts += 1
        self._child = Child(self._task, now)
        self._reason = self._cut_off = ""
        self.tick(now)

    def child_did_not_start(self, error: OSError, now: float) -> None:
        """Take note that there is none, and will be none."""
        self._now = now
        self._give_up(f"the Handler process cannot be started: {error}")
        self.tick(now)

    def from_kapacitor(self, data: bytes, now: float) -> None:
        """Take bytes of Kapacitor; empty bytes say that it closed its side."""
        self._now = now
        if self._leaving is None:
            try:
                self._take_requests(data)
            except RemoteProtocolError as error:  # what came before is still answered
                self._log.error("%s", error)
                self._fault, self._task.ended = str(error), True
            except Hopeless as error:
                self._give_up(str(error))
        self._task.ended |= not data
        self.tick(now)

    def from_child(self, data: bytes, now: float) -> None:
        """Take bytes of the Handler process; empty bytes say that its output has ended."""
        self._now = now
        if self._child is None or self._reason:
            return
        try:
            self._child.receive(data, now)
        except Broken as error:
            if data:
                self._reason = str(error)
            else:  # how it ended says more, unless it says that all was well
                self._cut_off = str(error)
        except Hopeless as error:
            self._give_up(str(error))
        self._flush()
        self.tick(now)

    def child_lingers(self) -> None:
        """Take note that the Handler process still runs long after its output has ended."""
        self._reason = self._reason or "it closed its output and did not end"

    def child_ended(self, status: int, now: float) -> None:
        """Take note that the Handler process is gone; `status` is as `subprocess` has it."""
        self._now = now
        child, self._child = self._child, None
        assert child is not None
        try:
            if self._leaving is None and not self._done(child, status):
                self._crash(child, status)
        except Hopeless as error:
            self._give_up(str(error))
        self.to_child.clear()
        self.tick(now)

    def kapacitor_is_gone(self, now: float) -> None:
        """Take note that nobody reads what is written."""
        self._now = now
        self.to_kapacitor.clear()
        if not self._gone:
            self._log.error("the peer is gone; the Handler process is stopped")
            self._gone = True
            self._leave(EXIT_BROKEN_PIPE)
        self.tick(now)

    def terminate(self, now: float) -> None:
        """End: take no more input, let the Handler process finish, but not for long."""
        self._now = now
        if self._leaving is None:
            self._log.warning("asked to end; the Handler process is stopped")
            self._leave(EXIT_TERMINATED)
        self.tick(now)

    def tick(self, now: float) -> None:
        """Do what is due, and hand over what there is."""
        self._now = now
        child = self._child
        if child is None:
            waits = self._failed and not self._task.ended and now < self.leave_by
            if self._leaving is not None and not waits:
                self.exit_status = self._leaving
        elif not self._reason:
            self._watch(child)
        self._beat()

    def _watch(self, child: Child) -> None:
        """Feed the Handler process, unless its time is up."""
        if not self.reads_child:
            child.heard = self._now  # it may be talking; nobody listens
        if self._now >= self.leave_by:
            self._reason = "it did not end in time"
        elif self._now >= child.hang_at():
            self._reason = f"it hung: no sign of life for {self._limits.busy_limit_s:g} s"
        elif len(self.to_child) < FEED_SIZE:
            self.to_child += child.feed(self._now)

    def _beat(self) -> None:
        """Give Kapacitor a sign of life if its questions for one are not read."""
        if self.reads_kapacitor or self._failed or self._gone:
            self._beat_at = _NEVER
        elif self._beat_at == _NEVER:
            self._beat_at = self._now + BEAT_S
        elif self._now >= self._beat_at:
            self._beat_at = self._now + BEAT_S
            if not self.to_kapacitor:
                self._send(KeepaliveResponse(self._last_keepalive))

    # -------------------------------------------------------------------- Kapacitor's side

    def _take_requests(self, data: bytes) -> None:
        encode = _codec.encode_response  # a point travels both ways alike
        frames: list[bytes] = []  # of points, nearly all there is
        self._kapacitor.receive_data(data)
        try:
            for event in self._kapacitor.events():
                if type(event) is WirePoint:
                    frames.append(encode(event, in_batch=False))
                else:
                    self._take_points(frames)
                    self._routes[type(event)](event)
        finally:
            self._take_points(frames)

    def _take_points(self, frames: list[bytes]) -> None:
        """Take points that have come, into the batch that is open or as they are."""
        if self._batch is not None:
            self._batch += frames
        else:
            self._task.ahead += self._task.journal.add_points(frames)
        frames.clear()

    def _init(self, request: InitRequest) -> None:
        self._task.init = request
        if self._child is not None:
            self._child.open_with(request)

    def _restore(self, request: RestoreRequest) -> None:
        task = self._task
        if task.journal.end:
            raise Hopeless("Kapacitor restored a snapshot after it had sent data")
        task.journal.begin_at(request.snapshot)
        if self._child is not None:
            self._child.open_with(request)

    def _keepalive(self, request: KeepaliveRequest) -> None:
        self._last_keepalive = request.time
        self._send(KeepaliveResponse(request.time))

    def _begin_batch(self, begin: BeginBatch) -> None:
        self._batch = [_codec.encode_request(begin, in_batch=False)]

    def _end_batch(self, end: EndBatch) -> None:
        assert self._batch is not None
        frames, self._batch = self._batch, None
        unit = BatchUnit.of([*frames, _codec.encode_request(end, in_batch=True)])
        self._task.journal.add_batch(unit)
        self._task.ahead += len(unit)

    def _unknown(self, event: UnknownRequest) -> None:
        self._log.warning(
            "skipped an unknown request of %d bytes at byte %d", event.size, event.offset
        )

    def _end_of_stream(self, event: EndOfStream) -> None:
        """Let the input end. A batch that is open has no end: it is dropped."""
        self._task.ended = True

    def _send(self, message: Any) -> None:
        """Send what is no data, behind the data so far."""
        self._flush()
        self.to_kapacitor += self._kapacitor.send(message)
        if isinstance(message, (InitResponse, RestoreResponse)) and not message.success:
            self._leave(EXIT_OK)  # Kapacitor forgets the process without closing it
        self._answered |= isinstance(message, (InfoResponse, InitResponse))

    def _flush(self) -> None:
        out = self._task.out
        self.to_kapacitor += b"".join(out)
        out.clear()

    # ------------------------------------------------------------------- life and death

    def _done(self, child: Child, status: int) -> bool:
        """Return whether the task has come to its regular end, and prepare ours."""
        if status or self._reason or self._cut_off or self.to_child or not child.check_done():
            return False
        if self._fault:
            self._send(ErrorResponse(self._fault))
        self._leaving = EXIT_FAILED if self._fault else EXIT_OK
        return True

    def _crash(self, child: Child, status: int) -> None:
        """Decide what follows from the unexpected end of a Handler process."""
        reason = self._reason or (status == 0 and self._cut_off) or ending(status)
        if not (self._answered or self._task.high) and (self._reason or status >= 0):
            # No accident: it would not start the next time either.
            raise Hopeless(f"the Handler process ended before it answered: {reason}")
        task = self._task
        verdict = self._crashes.add(Crash(reason, child.suspects(), task.progress), self._now)
        if verdict.culprit is not None:
            raise Hopeless(
                f"the Handler process ended {self._limits.same_input} times "
                f"{self._place(verdict.culprit)}; the last time: {reason}"
            )
        if verdict.exhausted:
            raise Hopeless(
                f"the Handler process was restarted {verdict.exhausted} and has ended again: "
                f"{reason}"
            )
        self._log.error(
            "the Handler process ended: %s; restart in %g s, replay of inputs %d to %d",
            reason,
            verdict.delay_s,
            task.journal.start.position + 1,
            task.high,
        )
        task.careful_until = task.high + 1 if verdict.careful else 0
        self._start_at = self._now + verdict.delay_s

    def _place(self, culprit: int) -> str:
        """Say where in its work a Handler process was."""
        journal = self._task.journal
        if culprit == AT_START:
            return "in a row while it started"
        if culprit == journal.end:
            return "in a row at the end of its input"
        (unit,) = journal.inputs(culprit, culprit + 1)
        return f"in a row at the same input, {describe(unit, culprit + 1)}"

    def _give_up(self, text: str) -> None:
        """Tell Kapacitor that it is over, and why."""
        self._log.error("%s", text)
        if self._leaving is None:
            self._send(ErrorResponse(text.encode(errors="backslashreplace").decode()))
            self._failed, self._leaving = True, EXIT_FAILED
            self.leave_by = self._now + DRAIN_S
        self._reason = text  # of a Handler process, if there is one

    def _leave(self, status: int) -> None:
        """End with `status` as soon as the Handler process has ended."""
        self._leaving, self._task.ended, self._failed = status, True, False
        self.leave_by = self._now + self._limits.grace_s
