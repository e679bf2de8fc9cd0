"""Kapacitor's end of one UDF node: a Connection, an Agent behind it, and what crosses.

Whoever runs data past a UDF in-process does it through a `UdfNode`, whether the UDF stands
alone or within a task. Every message crosses as an encoded frame, both ways, to and from the
very `Agent` that production runs.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from kapnb.agent import Agent, Counters, Outbox, Session
from kapnb.errors import HandlerError, KapnbError
from kapnb.handler import Handler
from kapnb.model import (
    STREAM,
    Batch,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    Point,
    ReceivedOption,
    RestoreRequest,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import Codec, Connection, ProtobufCodec, Role, WirePoint, point_frames
from kapnb.simulation._transcript import Exchange, Transcript

__all__ = ["UdfNode"]


class UdfNode:
    """One use of a UDF, from info to the end of the stream.

    Parameters
    ----------
    handler : subclass of Handler
        A fresh one is made for info and another for the task, as Kapacitor starts processes.
    task_id, node_id : str
        As init tells them.
    codec : Codec, optional
        What encodes and decodes on Kapacitor's side and the agent's.
    gate : context manager, optional
        Entered around calls of `feed_points` that may be interrupted; see `InterruptGate`.

    Attributes
    ----------
    info : InfoResponse
        What the Handler declares, once `ask_info` was called.
    transcript : Transcript
        Every message of the task's session, both ways.
    snapshot : bytes
        The last one taken.
    error : KapnbError or None
        What ended the session early.
    refusal : str
        What Kapacitor then says of the node, such as ``failed to initialize processes …``.
    warnings : list of str
        What Kapacitor would have logged, or silently borne.
    interrupt : KeyboardInterrupt or None
        What broke into the last call of `feed_points`.
    """

    def __init__(
        self,
        handler: type[Handler],
        *,
        task_id: str,
        node_id: str,
        codec: Codec | None = None,
        gate: AbstractContextManager[None] | None = None,
    ) -> None:
        self.handler = handler
        self.task_id, self.node_id = task_id, node_id
        self.transcript = Transcript()
        self.snapshot = b""
        self.error: KapnbError | None = None
        self.refusal = ""
        self.warnings: list[str] = []
        self.interrupt: KeyboardInterrupt | None = None
        self._takes_points = codec is None
        self._gate = gate or nullcontext()
        self._codec = codec or ProtobufCodec(deterministic=True)
        self._log = _Warnings(self.warnings)
        self._received: list[Point | Batch] = []
        self._begin: BeginBatch | None = None
        self._open_points: list[Point] = []

    # ------------------------------------------------------------------- the session

    def ask_info(self) -> InfoResponse:
        """Start the Handler once only for info, as the daemon does at its start.

        Raises
        ------
        HandlerError
            If there is no answer.
        """
        self._connect(None)
        self._exchange(InfoRequest())
        self._agent.session.stop()
        if self.error is not None:
            raise self.error
        info = self._answer
        assert isinstance(info, InfoResponse)
        self.info = info
        self.transcript = Transcript()  # the task is another process
        return info

    def start(self, options: tuple[ReceivedOption, ...], snapshot: bytes | None = None) -> None:
        """Send init, and restore if there is a snapshot; look at `error` then."""
        self._connect(self.info)
        self._exchange(InitRequest(options, task_id=self.task_id, node_id=self.node_id))
        if snapshot is not None and self.error is None:
            self._exchange(RestoreRequest(snapshot))

    def feed(self, item: Point | Batch) -> list[Point | Batch]:
        """Send one Point or Batch; return what has come back by now."""
        if isinstance(item, Batch):
            for message in item.messages():
                self._exchange(message)
                if self.error is not None:
                    break
        else:
            self._exchange(item)
        return self._taken()

    @property
    def instance(self) -> Handler:
        """The Handler itself, once it was started."""
        return self._agent.session.handler

    @property
    def takes_points(self) -> bool:
        """Whether `feed_points` may be used; once `ask_info` was called."""
        return self._takes_points and self.info.wants is self.info.provides is STREAM

    @property
    def one_by_one(self) -> bool:
        """Whether `feed_points` may be given one point only."""
        return bool(self.handler.handler_shape.asynchronous)

    def feed_points(self, points: list[bytes]) -> Exchange:
        """Send encoded points in one go, to the same effect as one by one.

        Parameters
        ----------
        points : list of bytes
            As `WirePoint.raw`. With async methods no more than one, see `one_by_one`, as each
            must be settled before the next.

        Returns
        -------
        Exchange
            The points that were handled, up to the one where an error or an interrupt came,
            each with what it gave. It is in the transcript, too.
        """
        answers, sent = self._answers, point_frames(points)
        answers.totals.clear()
        data: bytes | None = None
        self.interrupt = None
        try:
            with self._gate:
                data = self._agent.feed(sent)
        except KeyboardInterrupt as interrupt:
            self.interrupt = interrupt
        if data is None:
            data = self._agent.take()
        if data == sent and answers.are_one_each(len(points)):
            exchange = Exchange(points, points, [1] * len(points))  # untouched: the same bytes
            self.transcript.add_exchange(exchange)
        else:
            exchange = self._exchanged(points, data)
        self.error = self.error or self._agent.session.error
        return exchange

    def _exchanged(self, points: list[bytes], data: bytes) -> Exchange:
        """Take and record the responses to `points`."""
        responses: list[bytes] = []
        others: list[Any] = []
        if data:  # none would say that the agent has gone
            self._kapacitor.receive_data(data)
        for message in self._kapacitor.events():
            if isinstance(message, WirePoint) and message.raw is not None:
                responses.append(message.raw)
            else:  # an error, the last word
                others.append(message)
        answers = self._answers.of_each(len(responses), len(others))
        exchange = Exchange(points[: len(answers)], responses, answers)
        self.transcript.add_exchange(exchange)
        for message in others:
            self.transcript.add(False, self._codec.encode_response(message, in_batch=False))
        self._take_all(others)
        return exchange

    def rescue(self) -> list[Point | Batch]:
        """Return what has come back although `feed` was interrupted."""
        self._receive(self._agent.take())
        return self._taken()

    def take_snapshot(self) -> bytes:
        """Ask for a snapshot and return it."""
        self._exchange(SnapshotRequest())
        failed = self._agent.session.snapshot_error
        if failed:
            self.warnings.append(f"the state would be lost at every restart: {failed}")
        return self.snapshot

    def close(self) -> list[Point | Batch]:
        """End the stream; return what has come back since."""
        self._receive(self._agent.feed(b""))
        return self._taken()

    def stop(self) -> None:
        """Let go of the Handler; idempotent."""
        if hasattr(self, "_agent"):
            self._agent.session.stop()

    # --------------------------------------------------------------------- the wire

    def _connect(self, info: InfoResponse | None) -> None:
        """Put a fresh Handler behind a fresh pair of connections."""
        try:
            handler = self.handler()
        except Exception as error:
            raise HandlerError(
                f"{self.handler.__name__}() failed: {type(error).__name__}: {error}"
            ) from error
        self._answers = _Answers()
        self._agent = Agent(handler, codec=self._codec, log=self._log, counters=self._answers)
        self._kapacitor = Connection(
            Role.KAPACITOR,
            wants=info.wants if info else None,
            provides=info.provides if info else None,
            codec=self._codec,
        )
        self._answer: Any = None

    def _exchange(self, message: Any) -> None:
        """Send one request as bytes and take the bytes that answer it."""
        frame = self._kapacitor.send(message)
        self.transcript.add(True, frame)
        self._receive(self._agent.feed(frame))
        self._answers.totals.clear()

    def _receive(self, data: bytes) -> None:
        if data:
            self.transcript.add(False, data)
            self._kapacitor.receive_data(data)
            self._take_all(self._kapacitor.events())
        self.error = self.error or self._agent.session.error

    def _take_all(self, messages: Iterable[Any]) -> None:
        """Do with responses what Kapacitor does."""
        for message in messages:
            if isinstance(message, Point):
                opened = self._received if self._begin is None else self._open_points
                opened.append(message)
            elif isinstance(message, BeginBatch):
                self._begin, self._open_points = message, []
            elif isinstance(message, EndBatch):
                self._received.append(self._closed(message))
            elif isinstance(message, SnapshotResponse):
                self.snapshot = message.snapshot
            elif isinstance(message, ErrorResponse):
                self.error = self._agent.session.error
                self.refusal = message.error
            else:
                self._answer = message
                if isinstance(message, InitResponse) and not message.success:
                    self.refusal = f"failed to initialize processes {message.error}"

    def _closed(self, end: EndBatch) -> Batch:
        """Return the batch that ends: name, tags and tmax are the end's, by_name the begin's."""
        begin, self._begin = self._begin, None
        assert begin is not None
        return Batch(
            self._open_points,
            name=end.name,
            tags=end.tags,
            tmax=end.tmax,
            by_name=begin.by_name,
        )

    def _taken(self) -> list[Point | Batch]:
        received, self._received = self._received, []
        return received


class _Answers(Counters):
    """Counts the frames with which an agent answers each event."""

    def __init__(self) -> None:
        super().__init__(every_s=math.inf)
        #: After each event, how many frames were waiting.
        self.totals: list[int] = []

    def count_output(self, outbox: Outbox) -> None:
        """Look at this outbox."""
        self._ready = outbox.ready

    def watch(self, session: Session) -> Callable[[Any], None]:
        """Return `session.handle` with a look at the outbox behind it."""
        handle, ready, note = session.handle, self._ready, self.totals.append

        def counted(event: Any) -> None:
            try:
                handle(event)
            finally:
                note(len(ready))

        return counted

    def are_one_each(self, count: int) -> bool:
        """Return whether there were `count` events, each with one frame."""
        return self.totals == list(range(1, count + 1))

    def of_each(self, points: int, others: int) -> list[int]:
        """Return how many of the `points` came of each event that was handled.

        Parameters
        ----------
        points : int
            How many points the frames were.
        others : int
            How many other frames came behind them: if any, the event with which they came is
            the last that was handled.
        """
        totals = self.totals
        if not totals:
            return []
        if totals[-1] < points + others:  # what came of settling
            totals[-1] = points + others
        if others:
            del totals[totals.index(points + others) + 1 :]
            totals[-1] = points
        return [total - before for before, total in zip([0, *totals], totals, strict=False)]


class _Warnings(logging.Logger):
    """A logger that belongs to no hierarchy and keeps its warnings."""

    def __init__(self, warnings: list[str]) -> None:
        super().__init__("kapnb.simulation", logging.WARNING)
        self._warnings = warnings

    def handle(self, record: logging.LogRecord) -> None:
        # Errors end the run and are kept in UdfNode.error.
        if record.levelno == logging.WARNING:
            self._warnings.append(record.getMessage())
