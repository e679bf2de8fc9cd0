"""Kapacitor's end of one UDF node: a Connection, an Agent behind it, and what crosses.

Whoever runs data past a UDF in-process does it through a `UdfNode`, whether the UDF stands
alone or within a task. Every message crosses as an encoded frame, both ways, to and from the
very `Agent` that production runs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from kapnb.agent import Agent
from kapnb.errors import HandlerError, KapnbError
from kapnb.handler import Handler
from kapnb.model import (
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
from kapnb.protocol import Codec, Connection, ProtobufCodec, Role
from kapnb.simulation._transcript import Transcript

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
    """

    def __init__(
        self,
        handler: type[Handler],
        *,
        task_id: str,
        node_id: str,
        codec: Codec | None = None,
    ) -> None:
        self.handler = handler
        self.task_id, self.node_id = task_id, node_id
        self.transcript = Transcript()
        self.snapshot = b""
        self.error: KapnbError | None = None
        self.refusal = ""
        self.warnings: list[str] = []
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
        self._agent = Agent(handler, codec=self._codec, log=self._log)
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


class _Warnings(logging.Logger):
    """A logger that belongs to no hierarchy and keeps its warnings."""

    def __init__(self, warnings: list[str]) -> None:
        super().__init__("kapnb.simulation", logging.WARNING)
        self._warnings = warnings

    def handle(self, record: logging.LogRecord) -> None:
        # Errors end the run and are kept in UdfNode.error.
        if record.levelno == logging.WARNING:
            self._warnings.append(record.getMessage())
