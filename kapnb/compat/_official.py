"""OfficialHandler: an official Handler behind the Session that runs kapnb's own.

Requests become `udf_pb2` messages, what the callbacks answer becomes kapnb's messages, and what
they write goes through the Outbox. Nothing of the protocol is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kapnb.compat import udf_pb2
from kapnb.compat._outbox import Failure, Outbox, Written
from kapnb.errors import HandlerError, SnapshotError
from kapnb.handler import Handler, Snapshot
from kapnb.model import (
    BATCH,
    BeginBatch,
    EdgeType,
    EndBatch,
    InfoResponse,
    InitRequest,
    InitResponse,
    Point,
    ReceivedOption,
    RestoreRequest,
    RestoreResponse,
    ValueType,
)
from kapnb.protocol import Foreseen, Foresight, ProtobufCodec, split_frames, wire_point

__all__ = ["OfficialHandler", "named"]

_CODEC = ProtobufCodec()
_SETTINGS = ("non_finite", "busy_limit")
_CALLBACKS = ("info", "init", "snapshot", "restore", "begin_batch", "point", "end_batch")


class OfficialHandler(Handler):
    """Runs a Handler that was written for the official API.

    Parameters
    ----------
    official : object
        Has the official callbacks. It need not derive from the official base class.
    outbox : Outbox
        Where it writes to.

    Raises
    ------
    HandlerError
        If `info` raises, or does not say what the Handler wants and provides.
    """

    #: Whether all sessions share one object of the script's, and its state with it.
    one_object = False

    def __init__(self, official: Any, outbox: Outbox) -> None:
        self._official, self._outbox = official, outbox
        self._name = type(official).__name__
        for name in _CALLBACKS:
            setattr(self, f"_{name}", self._callback(name))
        # The edges must be known before the first request, and tasks are never asked for info.
        self._declared = self._ask_info()
        self.wants, self.provides = self._declared.wants, self._declared.provides  # type: ignore[misc]
        self._point_bytes = self._take_in_batch if self.wants is BATCH else self._take_bytes
        self._foresight = Foresight(_read_ahead, _was_decoded)

    _point: Callable[[Any], Any]

    def _callback(self, name: str) -> Callable[..., Any]:
        callback = getattr(self._official, name, None)
        if callback is not None:
            return callback  # type: ignore[no-any-return]

        def missing(*arguments: Any) -> None:
            raise HandlerError(f"{self._name} has no method {name}, which Kapacitor calls")

        return missing

    # ------------------------------------------------------------------ management

    def _ask_info(self) -> InfoResponse:
        answer = self._answer("info").info
        options = {
            str(name): tuple(_known(ValueType, kind, name) for kind in held.valueTypes)
            for name, held in answer.options.items()
        }
        return InfoResponse(
            _known(EdgeType, answer.wants, "wants"),
            _known(EdgeType, answer.provides, "provides"),
            options,
        )

    def _answer(self, name: str, *request: Any) -> udf_pb2.Response:
        """Return what a callback of the management answered."""
        outbox = self._outbox
        outbox.enter()
        outbox.in_callback = True
        response = getattr(self, f"_{name}")(*request)
        outbox.in_callback = False
        if response is not None and not isinstance(response, udf_pb2.Response):
            if not hasattr(response, "SerializeToString"):
                raise HandlerError(
                    f"{self._name}.{name}() returned a {type(response).__name__}; it must return "
                    "a udf_pb2.Response"
                )
            response = udf_pb2.Response.FromString(response.SerializeToString())
        if response is None or not response.HasField(name):
            found = "None" if response is None else _described(response)
            raise _NoAnswer(
                f"{self._name}.{name}() returned {found}; it must return a udf_pb2.Response whose "
                f".{name} is set"
            )
        return response  # type: ignore[no-any-return]

    def _release(self) -> None:
        """Pass on what was written while no data was handled."""
        for item in self._outbox.take() or ():
            if isinstance(item, Failure):
                item.messages()
            self.emit(item)

    def info(self) -> InfoResponse:
        """Answer what the official `info` said."""
        return self._declared

    def receive_options(self, received: Iterable[ReceivedOption]) -> None:
        """Leave the options to the official `init`, which gets them all."""

    def init(self, request: InitRequest) -> InitResponse:
        """Call the official `init`."""
        self._outbox.begin(self.provides, self.emit)
        answer = self._answer("init", _request(request).init).init
        self._release()
        return InitResponse(answer.success, answer.error)

    def snapshot(self) -> bytes:
        """Call the official `snapshot`."""
        try:
            answer = self._answer("snapshot")
        except _NoAnswer as error:
            raise SnapshotError(str(error)) from error
        self._release()
        state: bytes = answer.snapshot.snapshot
        return state

    def restore(self, snapshot: Snapshot) -> RestoreResponse:
        """Call the official `restore`."""
        answer = self._answer("restore", _request(RestoreRequest(bytes(snapshot))).restore)
        self._release()
        return RestoreResponse(answer.restore.success, answer.restore.error)

    def stop(self) -> None:
        """Refuse what threads of the script write from now on."""
        self._outbox.end()

    # ------------------------------------------------------------------------ data

    def point(self, point: Point) -> Any:
        """Call the official `point`; return what it wrote, if the point is one of a stream."""
        given = self._point_bytes(point.raw)  # type: ignore[attr-defined]
        return wire_point(given) if type(given) is bytes else given

    _point_bytes: Callable[[Any], Any]

    def _take_bytes(self, given: Any) -> Any:
        """Do what `point` does, for a point that is given as its bytes, and may be so returned.

        One that was read ahead is given as the script will see it.
        """
        outbox = self._outbox
        outbox.in_callback = True
        outbox.origin = seen = _received(given) if type(given) is bytes else given
        try:
            self._point(seen)
        except Exception as error:
            if not outbox.items:
                raise
            outbox.items.append(Failure(error))  # what was written before goes out before
        outbox.in_callback = False
        items = outbox.items
        return items.pop() if len(items) == 1 else outbox.take()

    # A batch is handed out in one go at its end, and so is what was written meanwhile: half of
    # one never goes out, whatever fails.

    def _take_in_batch(self, raw: bytes) -> None:
        self._call(self._point, _received(raw))

    def begin_batch(self, begin: BeginBatch) -> None:
        """Call the official `begin_batch`."""
        self._outbox.origin = received = _request(begin).begin
        self._call(self._begin_batch, received)

    def end_batch(self, end: EndBatch) -> Written:
        """Call the official `end_batch`; return what was written since the batch began."""
        self._call(self._end_batch, _request(end).end)
        return _Joined(self._outbox.take() or [])

    _begin_batch: Callable[[Any], Any]
    _end_batch: Callable[[Any], Any]

    def _call(self, callback: Callable[[Any], Any], argument: Any) -> None:
        outbox = self._outbox
        outbox.in_callback = True
        callback(argument)
        outbox.in_callback = False


def named(cls: type[Any], **content: Any) -> type[OfficialHandler]:
    """Return OfficialHandler under the name of the script's own class, for messages.

    The settings that the session's messages recommend may stand on that class, too.
    """
    content |= {name: getattr(cls, name) for name in _SETTINGS if hasattr(cls, name)}
    return type(cls.__name__, (OfficialHandler,), {"__module__": cls.__module__, **content})


class _Joined(Written):
    """All that was written for one batch: points, batches, perhaps an error, in order."""

    __slots__ = ()

    def messages(self) -> Any:
        """Yield the messages of each."""
        for item in self._messages:
            if isinstance(item, Written):
                yield from item.messages()
            else:
                yield item


class _NoAnswer(HandlerError):
    """A callback returned no Response of its kind."""


#: Not the class's own: looking that up is slow on a class with a type of its own.
_new = object.__new__
_Point = udf_pb2.Point


def _received(raw: bytes) -> udf_pb2.Point:
    """Return a point of Kapacitor's as the script sees it, by its bytes."""
    seen = _new(_Point)
    seen._raw = raw
    seen._message = seen._late = seen._past = seen._parent = seen._foreseen = None
    return seen


def _read_ahead(run: list[bytes], foreseen: Foreseen) -> list[udf_pb2.Point]:
    """Return Kapacitor's points, as the script sees them, with what was read of them ahead."""
    points = []
    for row, raw in enumerate(run):
        seen = _new(_Point)
        seen._raw, seen._foreseen, seen._row = raw, foreseen, row
        seen._message = seen._late = seen._past = seen._parent = None
        points.append(seen)
    return points


def _was_decoded(seen: udf_pb2.Point) -> bool:
    """Return whether the script has asked more of a point than had been read."""
    return seen._raw is None or seen._message is not None or seen._late is not None


def _request(message: Any) -> udf_pb2.Request:
    """Return a message of Kapacitor's in the envelope that the official API has for it."""
    (body,) = split_frames(_CODEC.encode_request(message, in_batch=False))
    return udf_pb2.Request.FromString(body)


def _known(vocabulary: Any, number: int, where: str) -> Any:
    try:
        return vocabulary(number)
    except ValueError as error:
        raise HandlerError(
            f"info() gave {number} for {where}; it must be one of "
            + ", ".join(f"udf_pb2.{item.name}" for item in vocabulary)
        ) from error


def _described(response: udf_pb2.Response) -> str:
    name = response.WhichOneof("message")
    return "an empty Response" if name is None else f"a Response whose .{name} is set"
