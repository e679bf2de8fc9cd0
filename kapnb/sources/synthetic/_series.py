"""Series of any rate, put together into one stream in the order in which they arrive."""

from __future__ import annotations

import functools
import heapq
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TypeAlias

from kapnb.errors import SourceError
from kapnb.model import FieldValue, Point
from kapnb.sources.synthetic._base import Chance, Synthetic, nanoseconds, start_time
from kapnb.sources.synthetic._changes import Change

__all__ = ["Series", "Signal", "constant", "cycle", "mixed", "wave"]

#: What gives the value of a field: of the number of the point, the seconds since the start of
#: the data, and chance.
Signal: TypeAlias = Callable[[int, float, Chance], FieldValue]

_DIGITS = 6


def constant(value: FieldValue) -> Signal:
    """Return the signal that is always `value`.

    Examples
    --------
    >>> from kapnb.sources.synthetic import Series, constant, mixed
    >>> data = mixed(Series("m", {"x": constant(20.5)}), seconds=3, seed=1)
    >>> [point.fields["x"] for point in data]
    [20.5, 20.5, 20.5]
    """
    return lambda number, seconds, chance: value


def cycle(*values: FieldValue) -> Signal:
    """Return the signal that takes one value after the other, over and over.

    Examples
    --------
    >>> from kapnb.sources.synthetic import Series, cycle, mixed
    >>> data = mixed(Series("m", {"x": cycle(1, 2, 999)}), seconds=5, seed=1)
    >>> [point.fields["x"] for point in data]
    [1, 2, 999, 1, 2]
    """
    return lambda number, seconds, chance: values[number % len(values)]


def wave(
    level: float, *, amplitude: float = 0.0, period: float = 60.0, noise: float = 0.0
) -> Signal:
    """Return a sine around `level`, with noise.

    Parameters
    ----------
    level, amplitude : float
        Its middle, and how far it goes from there.
    period : float
        Seconds from one crest to the next.
    noise : float
        Standard deviation of what is added to each value.

    Examples
    --------
    >>> from kapnb.sources.synthetic import Series, mixed, wave
    >>> up_and_down = wave(50, amplitude=20, period=4)
    >>> data = mixed(Series("m", {"x": up_and_down}), seconds=5, seed=1)
    >>> [round(point.fields["x"], 6) for point in data]
    [50.0, 70.0, 50.0, 30.0, 50.0]
    """

    def value(number: int, seconds: float, chance: Chance) -> float:
        return (
            level
            + amplitude * math.sin(2 * math.pi * seconds / period)
            + (noise * chance.normal() if noise else 0.0)
        )

    return value


@dataclass(frozen=True)
class Series:
    """One series of points: a measurement with its tags, at one rate.

    Parameters
    ----------
    name : str
        Measurement.
    fields : mapping of str to Signal
        What gives each field; a plain value is a constant.
    tags : mapping of str to str
        Its tags.
    every : int in nanoseconds or str as in ``"1s"``
        From one point to the next.
    offset : int or str
        When the first point arrives, after the start of the data.
    late : int or str
        How far the time of a point lies before its arrival. Another series with points in
        between then overlaps with it.
    jitter : int or str
        Up to how much is added to the time of each point, at random.
    missing : float
        Which part of the points does not arrive, at random.
    changes : sequence of Change
        What goes wrong, by arrival. If several do at once, all have their effect, and the
        label is that of the first.
    database, retention_policy : str, optional
        Where the points come from.

    Examples
    --------
    >>> from kapnb.sources.synthetic import Series, gap, mixed
    >>> pump = Series("pump", {"x": 7.5}, tags={"site": "a"}, every="30s", changes=[gap(60, 120)])
    >>> for point in mixed(pump, seconds=150, seed=1):
    ...     print(point)
    Point(pump site=a 2026-01-01T00:00:00Z x=7.5)
    Point(pump site=a 2026-01-01T00:00:30Z x=7.5)
    Point(pump site=a 2026-01-01T00:02:00Z x=7.5)
    """

    name: str
    fields: Mapping[str, Signal | FieldValue]
    _: KW_ONLY
    tags: Mapping[str, str] = field(default_factory=dict)
    every: int | str = "1s"
    offset: int | str = 0
    late: int | str = 0
    jitter: int | str = 0
    missing: float = 0.0
    changes: tuple[Change, ...] | list[Change] = ()
    database: str | None = None
    retention_policy: str | None = None


def mixed(
    *series: Series, seconds: float, seed: int = 0, start: int | str = "2026-01-01T00:00:00Z"
) -> Synthetic:
    """Return the points of several series in the order in which they arrive.

    Parameters
    ----------
    *series : Series
        Those that arrive at the same moment do so in this order, so two series may have points
        of one time.
    seconds : float
        How long data arrive.
    seed : int
        Of all that is at random.
    start : str as of RFC 3339, or int in nanoseconds since the Unix epoch
        When the first data arrive.

    Raises
    ------
    SourceError
        If a duration or the start cannot be read, or there is no series.

    Examples
    --------
    >>> from kapnb.sources.synthetic import step
    >>> data = mixed(
    ...     Series("cpu", {"usage": wave(50, noise=1)}, every="2s", changes=[step(3, 40)]),
    ...     Series("mem", {"free": cycle(3, 2, 1)}, offset="1s", late="500ms"),
    ...     seconds=5,
    ... )
    >>> for point, label in data.labelled():
    ...     print(point, label or "well")
    Point(cpu 2026-01-01T00:00:00Z usage=50.558593) well
    Point(mem 2026-01-01T00:00:00.5Z free=3) well
    Point(cpu 2026-01-01T00:00:02Z usage=50.290614) well
    Point(mem 2026-01-01T00:00:01.5Z free=2) well
    Point(mem 2026-01-01T00:00:02.5Z free=1) well
    Point(cpu 2026-01-01T00:00:04Z usage=91.358213) step
    Point(mem 2026-01-01T00:00:03.5Z free=3) well
    """
    if not series:
        raise SourceError("there is no series, and so no data")
    begin = start_time(start)
    span = int(seconds * 1_000_000_000)
    rhythms = [_Rhythm(each, f"series {index}") for index, each in enumerate(series)]

    def make() -> Iterator[tuple[Point, str]]:
        runs = (_arrivals(rhythm, begin, span, seed, index) for index, rhythm in enumerate(rhythms))
        arrivals = heapq.merge(*runs, key=lambda arrival: arrival[0])
        return ((point, label) for _, point, label in arrivals)

    count = f"{len(series)} series" if len(series) != 1 else "1 series"
    return Synthetic(f"Synthetic({count}, {seconds:g} s, seed {seed})", make)


class _Rhythm:
    """A series with its durations read."""

    def __init__(self, series: Series, where: str) -> None:
        self.series = series
        read = functools.partial(self._read, where)
        self.every, self.offset = read("every"), read("offset")
        self.late, self.jitter = read("late"), read("jitter")
        if not self.every:
            raise SourceError(f"{where}: every must be longer than nothing")
        self.signals: dict[str, Signal] = {
            name: signal if callable(signal) else constant(signal)
            for name, signal in series.fields.items()
        }

    def _read(self, where: str, name: str) -> int:
        return nanoseconds(getattr(self.series, name), f"{where}, {name}")


def _arrivals(
    rhythm: _Rhythm, begin: int, span: int, seed: int, index: int
) -> Iterator[tuple[int, Point, str]]:
    """Yield the points of one series, each with its arrival and label."""
    series = rhythm.series
    luck = Chance(seed, index)  # each field has a chance of its own: one more changes no other
    chances = {name: Chance(seed, index, name) for name in rhythm.signals}
    for number, after in enumerate(range(rhythm.offset, span, rhythm.every)):
        seconds = after / 1e9
        changes = [change for change in series.changes if change.covers(seconds)]
        values = {
            name: _changed(name, signal(number, seconds, chances[name]), changes, seconds)
            for name, signal in rhythm.signals.items()
        }
        lost = luck.random() < series.missing
        shift = int(luck.random() * rhythm.jitter) - rhythm.late
        if lost or any(change.effect is None for change in changes):
            continue
        point = Point(
            values,
            time=begin + after + shift,
            name=series.name,
            tags=series.tags,
            database=series.database,
            retention_policy=series.retention_policy,
        )
        yield after, point, changes[0].label if changes else ""


def _changed(name: str, value: FieldValue, changes: list[Change], seconds: float) -> FieldValue:
    """Return a value as the changes leave it; a whole number stays one if it can."""
    if isinstance(value, (bool, str)):
        return value
    changed: float = value
    for change in changes:
        if change.effect and (not change.fields or name in change.fields):
            changed = change.effect(changed, change.progress(seconds))
    return changed if isinstance(changed, int) else round(changed, _DIGITS)
