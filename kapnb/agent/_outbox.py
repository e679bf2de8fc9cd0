"""Outbox: what waits to be written, in order.

One queue, one consumer; nothing is ever put back into it. A batch enters it as a unit, when
its end is there, so a heartbeat that is written meanwhile, or a failure, never meets half of
one. (An agent in another language re-queued its frames and moved begins behind their points.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

from kapnb.errors import LocalProtocolError
from kapnb.model import BeginBatch, EndBatch, ErrorResponse, Point
from kapnb.protocol import Connection, ProtobufCodec, WirePoint, wire_point

__all__ = ["Outbox"]


class Outbox:
    """Frames on their way out.

    Parameters
    ----------
    connection : Connection
        Encodes, and refuses what Kapacitor forbids.
    non_finite : {"drop", "error", "pass"}, default: "drop"
        What becomes of a NaN or an infinity that user code has set.
    warn : callable, optional
        Called once per field with a sentence when its value is first dropped.

    Attributes
    ----------
    ready : list of bytes
        The frames that may go out now.
    made : int
        Bytes of points among them that did not come in so; those may be large.
    dropped_fields : int
        How many values were left out for not being finite.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        non_finite: str = "drop",
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self._connection = connection
        self._sending = connection.sending
        codec = connection.codec
        self._encode_untouched = codec.encode_untouched
        # A point of a known size needs no codec.
        self._headers = codec.headers if type(codec) is ProtobufCodec else {}
        self._non_finite = non_finite
        self._warn = warn
        self._warned: set[str] = set()
        self.ready: list[bytes] = []
        self._target = self.ready  # an open batch is gathered in a list of its own
        self._unit: list[bytes] | None = None  # what `open_unit` may take back
        self.made = 0
        self.dropped_fields = 0

    def send(self, message: Any) -> None:
        """Put one message at the end.

        Raises
        ------
        LocalProtocolError
            If Kapacitor would not bear it. Nothing has changed then.
        """
        if isinstance(message, Point):
            if type(message) is not WirePoint or message.raw is None:
                message = self._finite(message)
                if message is None:
                    return
            frame = self._connection.send(message)
            self._target.append(frame)
            self.made += len(frame)
            return
        frame, kind = self._connection.send(message), type(message)
        if kind is BeginBatch:
            self._target = [frame]
        elif kind is EndBatch:
            self._target.append(frame)
            self._release()
        elif kind is ErrorResponse:
            self._target = self.ready if self._unit is None else self._unit
            self.ready.append(frame)  # the open batch stays behind
        else:
            self.ready.append(frame)

    def send_point(self, point: Point) -> None:
        """Put a point that came over the wire at the end: the short way of most of them."""
        if self._sending.point_fits and type(point) is WirePoint:
            fields, tags, raw = point._fields, point._tags, point._raw
            if (
                raw is not None
                and (fields is None or not fields.changed)
                and (tags is None or not tags.changed)
            ):
                header = self._headers.get(len(raw))
                if header is not None:
                    self._target.append(header + raw)
                    return
            frame = self._encode_untouched(point)
            if frame is not None:
                self._target.append(frame)
                return
        self.send(point)

    def send_bytes(self, raw: bytes) -> None:
        """Put a point at the end that is given as its bytes."""
        if self._sending.point_fits:
            header = self._headers.get(len(raw))
            if header is not None:
                self._target.append(header + raw)
                return
        self.send_point(wire_point(raw))

    def send_points(self, points: Iterable[bytes | Point]) -> None:
        """Put points at the end; those that come as bytes are put there as they are."""
        send_bytes, send_point = self.send_bytes, self.send_point
        for point in points:
            if type(point) is bytes:
                send_bytes(point)
            else:
                send_point(point)  # type: ignore[arg-type]

    def _release(self) -> None:
        batch, self._target = self._target, self.ready if self._unit is None else self._unit
        self._target.extend(batch)

    # -------------------------------------------------------------------- units

    def open_unit(self) -> None:
        """Hold what follows until `close_unit`, so that all of it can be taken back."""
        self._target = self._unit = []

    def close_unit(self, *, keep: bool) -> None:
        """Let the unit go out, or forget it, together with a batch that is open in it."""
        unit, self._unit = self._unit, None
        assert unit is not None
        if keep:
            self.ready.extend(unit)
        else:
            self._connection.drop_batch()
        self._target = self.ready

    # -------------------------------------------------------------------- going

    def take(self) -> bytes:
        """Return all frames that are ready, and forget them."""
        ready = self.ready
        count = len(ready)
        data = b"".join(ready[:count])
        self.made = 0
        del ready[:count]  # another thread may have put one behind them meanwhile
        return data

    # ------------------------------------------------------------------- values

    def _finite(self, point: Point) -> Point | None:
        """Return `point`, or what the policy leaves of it if a field is NaN or infinite."""
        if self._non_finite == "pass":
            return point
        bad = [
            name
            for name, value in point.fields.items()
            if type(value) is float and not isfinite(value)
        ]
        if not bad:
            return point
        if self._non_finite == "error":
            raise LocalProtocolError(
                f"field {bad[0]!r} is {point.fields[bad[0]]}, which InfluxDB cannot store; leave "
                "the field out, or set non_finite on the Handler"
            )
        finite = point.copy()
        for name in bad:
            if name not in self._warned and self._warn is not None:
                self._warned.add(name)
                self._warn(
                    f"field {name!r} was {point.fields[name]} and is left out, here and whenever "
                    "it is not finite"
                )
            del finite.fields[name]
        self.dropped_fields += len(bad)
        return finite if finite.fields else None  # InfluxDB has no points without fields
