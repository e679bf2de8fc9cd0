"""The way of data: to the Handler's methods, and what they give to the outbox.

One class for each kind of input. A stream point is handled as it comes. A batch is kept until
its end and then given to the Handler in one go: so a snapshot asked for in between is the
state before the batch, and a failure leaves no half of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from types import GeneratorType
from typing import TYPE_CHECKING, Any, TypeAlias

from kapnb.agent._outputs import (
    batch_of,
    batch_origin,
    each,
    foreign,
    frame_of,
    is_frame,
    last_words,
    loose,
    point_origin,
)
from kapnb.errors import HandlerError, LocalProtocolError
from kapnb.handler import Expiry, Handler
from kapnb.model import BATCH, Batch, BeginBatch, EndBatch, Point
from kapnb.protocol import Foresight, WirePoint, wire_point

if TYPE_CHECKING:
    from kapnb.agent._outbox import Outbox

__all__ = ["BatchInput", "DataInput", "StreamInput", "Take"]

#: Takes points, or the bytes of points.
Take: TypeAlias = "Callable[[Iterator[bytes | Point]], None]"
_NEW = object()
#: What Handlers that take bytes give is complete.
_NO_ORIGIN = wire_point(b"")


class DataInput:
    """What both kinds have in common.

    Parameters
    ----------
    handler : Handler
        Whose methods are called. Its `group_states` are looked up here.
    outbox : Outbox
        Where what they give is sent.
    """

    def __init__(self, handler: Handler, outbox: Outbox) -> None:
        self.handler = handler
        self.send, self.send_point = outbox.send, outbox.send_point
        self.send_bytes, self.send_points = outbox.send_bytes, outbox.send_points
        self.name = type(handler).__name__
        self.states = handler.group_states
        #: Makes of the bytes of some points what their taker takes.
        self.ahead: Callable[[list[bytes]], list[Any]] = _as_they_are
        #: What has come to be sent between two inputs; set by who knows.
        self.waiting: Sized = ()
        self.done = 0  # calls within one event that have returned: a sign of progress
        self._expiry: Expiry | None = None  # which groups are over; known from the first data on

    def taker(self, first: Point) -> Take:
        """Return what takes points, chosen once, before the first, for this Handler.

        It takes at least one, and then goes on until there is none, or something is `waiting`.
        """
        raise NotImplementedError

    def taking(self, take: Callable[[Point], None]) -> Take:
        """Return what takes points by `take`, one by one."""
        waiting = self.waiting

        def take_points(points: Iterator[bytes | Point]) -> None:
            for point in points:
                take(wire_point(point) if type(point) is bytes else point)  # type: ignore[arg-type]
                if waiting:
                    return

        return take_points

    def collect(self, *, wait: bool) -> None:
        """Send what calls under way have given; there are none but of async methods."""

    def state(self, group: str) -> Any:
        """Return the state of `group`, made if it is new."""
        state = self.states.get(group, _NEW)
        if state is _NEW:
            state = self.states[group] = self.handler.group_state()
        return state

    def send_batch(self, batch: Any, origin: Batch) -> None:
        """Send a Batch, or a DataFrame as one, as a unit."""
        if is_frame(batch):
            batch = batch_of(batch)
        elif not isinstance(batch, Batch):
            raise HandlerError(foreign(batch))
        message: Any
        for message in batch.inherited(origin).messages():
            if type(message) is bytes:  # of a Handler that takes bytes
                self.send_bytes(message)
            elif type(message) is WirePoint:
                self.send_point(message)
            else:
                self.send(message)

    def send_complete(self, item: Point | Batch) -> None:
        """Send what needs no input to inherit from."""
        if isinstance(item, Batch):
            self.send_batch(item, item)
        else:
            self.send(item)

    # ---------------------------------------------------------- groups that expire

    def start_expiry(self, time: int) -> bool:
        """Start the clock of the groups' expiry at `time`; return whether they ever expire."""
        self._expiry = self.handler.group_expiry()
        if self._expiry is None:
            return False
        self._expire(self._expiry.start(time, self.states))
        return True

    def touch(self, group: str, time: int) -> None:
        """Note that `group` is in use at `time`, and let go of those that are over."""
        assert self._expiry is not None
        gone = self._expiry.touch(group, time)
        if gone:
            self._expire(gone)

    def _expire(self, groups: Iterable[str]) -> None:
        """Let go of groups; what the Handler has to say of them goes out at once."""
        assert self._expiry is not None
        now = self._expiry.now or 0
        ended = [(group, self.states.pop(group)) for group in groups if group in self.states]
        for group, state in ended:
            result = self.handler.group_expired(group, state)
            for item in () if result is None else each(result):
                self.send_complete(last_words(item, group, now))

    def located(
        self, error: LocalProtocolError, callback: str, result: Any = None
    ) -> LocalProtocolError:
        """Return `error` with callback and line in its text."""
        if error.located:
            return error
        from kapnb.agent._blame import locate

        return locate(error, f"{self.name}.{callback}", result)


class StreamInput(DataInput):
    """Points, one at a time."""

    def __init__(self, handler: Handler, outbox: Outbox) -> None:
        super().__init__(handler, outbox)
        foresight = Foresight() if handler._point_bytes is None else handler._foresight
        if foresight is not None:
            self.ahead = foresight.points

    def taker(self, first: Point) -> Take:
        """Return what takes points; it is a loop, and calls as little as can be."""
        if self.handler._point_bytes is not None:
            return self._taking_bytes(self.handler._point_bytes)
        point_method, deliver, send = self.handler.point, self.deliver, self.send_point
        waiting = self.waiting
        takes_state = self.handler.handler_shape.takes_state["point"]
        expires = takes_state and self.start_expiry(first.time)

        def take_points(points: Iterator[bytes | Point]) -> None:
            for item in points:
                if type(item) is bytes:  # as `wire_point` does
                    point: Any = WirePoint()
                    point._raw = item
                    point._message = point._fields = point._tags = None
                    point._group = point._foreseen = None
                else:
                    point = item
                if takes_state:
                    group = point._group
                    if group is None or point._tags is not None:  # not known, or perhaps changed
                        group = point.group
                    if expires:
                        self.touch(group, point.time)
                    # Looked up anew each time: a restore puts other states in their place.
                    state = self.states.get(group, _NEW)
                    if state is _NEW:
                        state = self.state(group)
                    result = point_method(point, state)
                else:
                    result = point_method(point)
                if type(result) is GeneratorType:
                    try:  # as `deliver` does
                        for given in result:
                            if type(given) is WirePoint:
                                send(given)
                            else:
                                self._give(given, point)
                    except LocalProtocolError as error:
                        raise self.located(error, "point", result) from error.__cause__
                elif type(result) is WirePoint:  # complete as it is
                    send(result)
                elif result is not None:
                    deliver(result, point)
                if waiting:
                    return

        return take_points

    def _taking_bytes(self, take: Callable[[Any], Any]) -> Take:
        deliver, send_bytes, waiting = self.deliver, self.send_bytes, self.waiting

        def take_points(points: Iterator[Any]) -> None:
            for item in points:
                result = take(item.raw if type(item) is WirePoint else item)
                if type(result) is bytes:
                    send_bytes(result)
                elif result is not None:
                    deliver(result, _NO_ORIGIN)
                if waiting:
                    return

        return take_points

    def deliver(self, result: Any, origin: Point) -> None:
        """Send what a data method gave for a stream point."""
        try:
            for item in each(result):
                self._give(item, origin)
        except LocalProtocolError as error:
            raise self.located(error, "point", result) from error.__cause__

    def _give(self, item: Any, origin: Point) -> None:
        if type(item) is WirePoint:
            self.send_point(item)
        elif isinstance(item, Point):
            self.send(item.inherited(origin))
        else:
            self.send_batch(item, batch_origin(origin))


class BatchInput(DataInput):
    """Batches: a begin, points, an end.

    Parameters
    ----------
    handler, outbox
        See `DataInput`.
    finished : callable, optional
        Turns what an async method returned into what it gives.
    """

    def __init__(
        self, handler: Handler, outbox: Outbox, finished: Callable[[Any], Any] | None = None
    ) -> None:
        super().__init__(handler, outbox)
        self._finished = finished
        self.begin: BeginBatch | None = None  # of the batch that is open
        self.points: list[bytes | Point] = []  # its points
        # What goes out in its place. A point that still is its bytes is kept as these.
        self._collected: list[bytes | Point] = []
        self._out_batches = handler.provides is BATCH
        self._expires: bool | None = None  # known from the first batch on
        self._whole = handler.handler_shape.whole
        self._call = {name: self._caller(name) for name in handler.handler_shape.takes_state}
        self._takes_bytes = handler._point_bytes is not None
        if handler._point_bytes is not None:
            self._call["point"] = _taking_bytes(handler._point_bytes)

    def _caller(self, name: str) -> Callable[[Any, str], Any]:
        """Return ``f(argument, group)`` for a data method that may or may not take state."""
        method = getattr(self.handler, name)
        finished = self._finished if name in self.handler.handler_shape.asynchronous else None
        if finished is not None:
            method = _chain(method, finished)
        if self.handler.handler_shape.takes_state[name]:
            return lambda argument, group: method(argument, self.state(group))
        return lambda argument, group: method(argument)

    def open(self, begin: BeginBatch) -> None:
        """Begin to keep a batch."""
        self.begin, self.points = begin, []

    def taker(self, first: Point) -> Take:
        """Return what takes points: they are kept."""
        return self._keep

    def _keep(self, points: Iterator[bytes | Point]) -> None:
        self.points.extend(points)

    def close(self, end: EndBatch) -> tuple[BeginBatch, list[Point], EndBatch]:
        """Return the batch that was kept, and forget it."""
        begin = self.begin
        assert begin is not None
        points: list[Any] = self.points
        if not self._takes_bytes:
            points = [wire_point(point) if type(point) is bytes else point for point in points]
        self.begin, self.points = None, []
        return begin, points, end

    def handle(self, begin: BeginBatch, points: list[Point], end: EndBatch) -> None:
        """Give a batch to the Handler and send what it gives."""
        self._collected.clear()
        if self._expires is None:
            self._expires = self.start_expiry(end.tmax)
        if self._expires:
            self.touch(begin.group, end.tmax)
            self.state(begin.group)  # one that is counted has a state, also if no point comes
        if self._whole is None:
            speaks = self._call_parts(begin, points, end)
        else:
            speaks = self._call_whole(self._whole, begin, points, end)
        if self._out_batches and speaks:
            self._send_collected(begin, end, len(points))

    def _call_parts(self, begin: BeginBatch, points: list[Point], end: EndBatch) -> bool:
        """Call begin_batch, point for each, end_batch; return whether a batch goes out.

        An empty one does, unless whole Batches went out in its place.
        """
        group, origin, call = begin.group, point_origin(begin), self._call["point"]
        loose = self._collect("begin_batch", self._call["begin_batch"](begin, group), origin)
        for point in points:
            result = call(point, group)
            self.done += 1
            if result is not None:
                loose &= self._collect("point", result, origin, point)
        origin.time = end.tmax
        loose &= self._collect("end_batch", self._call["end_batch"](end, group), origin)
        return loose or bool(self._collected)

    def _call_whole(
        self, whole: str, begin: BeginBatch, points: list[Point], end: EndBatch
    ) -> bool:
        """Call batch or frame; return whether a batch goes out."""
        batch = Batch(
            points, name=begin.name, tags=begin.tags, tmax=end.tmax, by_name=begin.by_name
        )
        if whole == "frame" and not points:
            return True  # a DataFrame without columns would only surprise
        argument = frame_of(batch) if whole == "frame" else batch
        result = self._call[whole](argument, begin.group)
        if result is None:
            return False
        return self._collect(whole, result, point_origin(begin, end.tmax)) or bool(self._collected)

    def _collect(
        self, callback: str, result: Any, origin: Point, current: Point | None = None
    ) -> bool:
        """Take what a data method gave inside a batch.

        Loose points make the batch that goes out in place of the open one, or, on an edge to
        STREAM, go out at once. Whole Batches go out at once. Returns whether there were none.
        The time is inherited from `current`, which is not decoded without need, or `origin`.
        """
        loose = True
        try:
            for item in () if result is None else each(result):
                if type(item) is WirePoint and self._out_batches:
                    # As it is now: the Handler may go on changing its own.
                    self._collected.append(item.raw or item.copy())
                    continue
                if current is not None:
                    origin.time, current = current.time, None
                if isinstance(item, Point):
                    self._collect_point(item, origin)
                elif is_frame(item):
                    for point in batch_of(item).points:
                        self._collect_point(point, origin)
                else:
                    loose = False
                    self.send_batch(item, batch_origin(origin))
        except LocalProtocolError as error:
            raise self.located(error, callback, result) from error.__cause__
        return loose

    def _collect_point(self, point: Point, origin: Point) -> None:
        point = point.inherited(origin)
        if self._out_batches:
            self._collected.append(point.copy())  # as above
            return
        self.send(loose(point, origin))

    def _send_collected(self, begin: BeginBatch, end: EndBatch, count: int) -> None:
        """Send the outgoing batch in place of the incoming one of `count` points."""
        points = self._collected
        # Kapacitor's size is a hint, 0 where it did not know; an unchanged batch keeps it.
        size = begin.size if len(points) == count else len(points)
        try:
            self.send(BeginBatch(begin.name, begin.group, begin.tags, size, begin.by_name))
            self.send_points(points)
            self.send(end)
        except LocalProtocolError as error:
            raise self.located(error, self._whole or "point") from error.__cause__


def _taking_bytes(take: Callable[[bytes], Any]) -> Callable[[Any, str], Any]:
    return lambda point, group: take(point if type(point) is bytes else point.raw)


def _as_they_are(points: list[bytes]) -> list[bytes]:
    return points


def _chain(method: Callable[..., Any], finished: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *arguments: finished(method(*arguments))
