"""``|window``: cuts the stream of each group into batches, by time or by count.

The rules are those of Kapacitor's window.go: time is the data's; a window goes out when a point
at or after its end arrives; nothing goes out when the data ends.
"""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from kapnb.errors import TickError
from kapnb.model import Batch, Point
from kapnb.tick.nodes._messages import (
    flow_batch,
    group_tags,
    make_tags,
    tags_of,
    truncate_time,
)
from kapnb.tick.nodes._node import Node

__all__ = ["Window"]


class Window(Node):
    """``|window()``: period and every, or periodCount and everyCount; align, fillPeriod."""

    obeys: ClassVar[frozenset[str]] = frozenset(
        {"align", "every", "everyCount", "fillPeriod", "period", "periodCount"}
    )

    def set_up(self) -> None:
        """Read the properties."""
        last = self.last
        self.period, self.every = int(last("period", 0)), int(last("every", 0))
        self.period_count, self.every_count = last("periodCount", 0), last("everyCount", 0)
        self.align, self.fill_period = self.flag("align"), self.flag("fillPeriod")
        position = self.node.position
        if not self.period and not self.period_count:
            raise TickError(
                f"{position}: window node must have either a non zero period or non zero "
                "period count",
                *position,
            )
        if self.period_count and self.every_count <= 0:
            raise TickError(f"{position}: everyCount must be greater than zero", *position)
        self._windows: dict[str, _TimeWindow | _CountWindow] = {}

    def point(self, point: Point) -> None:
        """Put it into its group's window; hand on what is complete."""
        window = self._windows.get(point.group)
        if window is None:
            kind = _TimeWindow if self.period else _CountWindow
            self._windows[point.group] = window = kind(self, point)
        done = window.take(point)
        if done is not None:
            self.emit_batch(done)


class _Window:
    """What the two kinds have in common: the group, and its batch."""

    def __init__(self, settings: Window, first: Point) -> None:
        self.settings = settings
        self._name, self._by_name = first.name, first.by_name
        self._tags = make_tags(group_tags(tags_of(first), first.dimensions))

    def batch(self, points: list[Point], tmax: int) -> Batch:
        return flow_batch(
            points, name=self._name, tags=self._tags, tmax=tmax, by_name=self._by_name
        )


class _TimeWindow(_Window):
    """The window of one group, by time."""

    def __init__(self, settings: Window, first: Point) -> None:
        super().__init__(settings, first)
        self._points: deque[Point] = deque()
        self._next = self._first_end(first.time)

    def _first_end(self, time: int) -> int:
        period, every = self.settings.period, self.settings.every
        if not self.settings.fill_period:
            return truncate_time(time + every, every) if self.settings.align else time + every
        end = time + period
        if not self.settings.align:
            return end
        aligned = truncate_time(end, every)
        return aligned if aligned > end else aligned + every  # the first points are dropped

    def take(self, point: Point) -> Batch | None:
        time, settings = point.time, self.settings
        if settings.every:
            done = None
            if time >= self._next:
                # Half open, since more points of the same time may come: [oldest, next).
                done = self._cut(self._next - settings.period, self._next)
                self._next = time + settings.every
                if settings.align:
                    self._next = truncate_time(self._next, settings.every)
            self._points.append(point)
            return done
        self._points.append(point)
        if time < self._next:
            return None
        self._next = time
        # Each point gives a window, which ends with it: (oldest, now].
        return self._cut(time - settings.period + 1, time)

    def _cut(self, oldest: int, tmax: int) -> Batch:
        points = self._points
        while points and points[0].time < oldest:
            points.popleft()
        return self.batch(list(points), tmax)


class _CountWindow(_Window):
    """The window of one group, by count."""

    def __init__(self, settings: Window, first: Point) -> None:
        super().__init__(settings, first)
        self._points: deque[Point] = deque(maxlen=settings.period_count)
        self._count = 0
        self._next = settings.period_count if settings.fill_period else settings.every_count

    def take(self, point: Point) -> Batch | None:
        self._points.append(point)
        self._count += 1
        if self._count != self._next:
            return None
        self._next += self.settings.every_count
        return self.batch(list(self._points), point.time)
