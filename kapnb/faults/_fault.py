"""What a fault is, how faults are put together, and how one becomes a Source.

A fault says what it does in its docstring and what really happens in `reality`, with the place
in Kapacitor that shows it. It does not judge: that is `_compare`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kapnb.errors import SourceError
from kapnb.model import Batch, EdgeType, Point, Source

__all__ = [
    "Both",
    "Fault",
    "FaultySource",
    "InputFault",
    "PointFault",
    "Slot",
    "alter",
    "chance",
    "checked_rate",
]

Item = Point | Batch


class Slot(NamedTuple):
    """One item that arrives, and which of the original ones it comes from.

    Attributes
    ----------
    origin : int
        Position among the original items.
    item : Point or Batch
        The very object, if it is untouched.
    """

    origin: int
    item: Item


class Fault:
    """One thing that goes wrong.

    Attributes
    ----------
    name : str
        How reports call it.
    reality : str
        What happens in production, with the reference.
    harmless : bool
        Whether a correct Handler's answers stay what they are.
    """

    name: str
    reality: str
    harmless: bool = False

    def __repr__(self) -> str:
        settings = sorted(
            vars(self).items() - {"name": self.name, "harmless": self.harmless}.items()
        )
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in settings)})"


class InputFault(Fault):
    """A fault in the data: items in, items out.

    Called with a Source, or whatever `kapnb.sources.open_source` takes, it gives a Source with
    the fault in it. ``a | b`` does `a`, then `b` to what came of it.

    Examples
    --------
    >>> from kapnb.faults import Duplicates, Missing
    >>> points = [Point({"x": float(n)}, time=n, name="m") for n in range(10)]
    >>> faulty = (Missing(rate=0.2) | Duplicates(rate=0.5)).source(points, seed=1)
    >>> len(list(faulty)) == 8 + 4
    True
    """

    def slots(self, items: Sequence[Item], rng: random.Random) -> list[Slot]:
        """Return what arrives in place of `items`.

        Parameters
        ----------
        items : sequence of Point or of Batch
            Never changed; what is touched is copied.
        rng : random.Random
            All chance comes from it.
        """
        raise NotImplementedError

    def source(self, data: object, *, seed: int = 0) -> Source:
        """Return a Source that gives `data` with this fault in it, the same each time.

        Raises
        ------
        SourceError
            If `data` is no source of data.
        """
        from kapnb.sources import open_source

        return FaultySource(open_source(data), self, seed)

    def __or__(self, other: InputFault) -> InputFault:
        if not isinstance(other, InputFault):
            return NotImplemented
        return Both(self, other)


class Both(InputFault):
    """One fault, then another; made by ``a | b``."""

    def __init__(self, first: InputFault, second: InputFault) -> None:
        self.first, self.second = first, second
        self.name = f"{first.name} | {second.name}"
        self.reality = f"{first.reality} {second.reality}"

    def slots(self, items: Sequence[Item], rng: random.Random) -> list[Slot]:
        """See `InputFault`."""
        first = self.first.slots(items, rng)
        second = self.second.slots([slot.item for slot in first], rng)
        return [Slot(first[slot.origin].origin, slot.item) for slot in second]

    def __repr__(self) -> str:
        return f"{self.first!r} | {self.second!r}"


class FaultySource:
    """A Source with a fault in it; the same items each time."""

    def __init__(self, source: Source, fault: InputFault, seed: int) -> None:
        self._source, self._fault, self._seed = source, fault, seed

    @property
    def edge(self) -> EdgeType:
        """As the Source without the fault."""
        return self._source.edge

    def __iter__(self) -> Iterator[Item]:
        """Start over from the first item."""
        slots = self._fault.slots(list(self._source), chance(self._seed, self._fault.name))
        return iter([slot.item for slot in slots])

    def __repr__(self) -> str:
        return f"{self._source!r} with {self._fault!r}, seed {self._seed}"


class PointFault(InputFault):
    """A fault in lists of points: the stream, or the points of each batch.

    Parameters
    ----------
    rate : float, default: 0.05
        Share of the points that it touches, above 0 and at most 1; at least one is touched.
    """

    def __init__(self, *, rate: float = 0.05) -> None:
        self.rate = checked_rate(rate, self.name)

    def points(self, points: Sequence[Point], chosen: set[int], rng: random.Random) -> list[Slot]:
        """Return what arrives in place of `points`, of which `chosen` are to be touched."""
        raise NotImplementedError

    def can_touch(self, point: Point) -> bool:
        """Tell whether there is anything in a point that it could touch."""
        return True

    def slots(self, items: Sequence[Item], rng: random.Random) -> list[Slot]:
        """See `InputFault`."""
        stream = [item for item in items if isinstance(item, Point)]
        if len(stream) == len(items):
            return self.points(stream, self._chosen(stream, rng), rng)
        batches = [item for item in items if isinstance(item, Batch)]
        spots = [point for batch in batches for point in batch.points]
        chosen, first, slots = self._chosen(spots, rng), 0, list[Slot]()
        for index, batch in enumerate(batches):
            last = first + len(batch)
            mine = {spot - first for spot in chosen if first <= spot < last}
            if mine:
                arrived = [slot.item for slot in self.points(batch.points, mine, rng)]
                points = [item for item in arrived if isinstance(item, Point)]
                slots.append(Slot(index, _with_points(batch, points)))
            else:
                slots.append(Slot(index, batch))
            first = last
        return slots

    def _chosen(self, points: Sequence[Point], rng: random.Random) -> set[int]:
        possible = [index for index, point in enumerate(points) if self.can_touch(point)]
        if not possible:
            return set()
        count = max(1, round(self.rate * len(points)))
        return set(rng.sample(possible, min(count, len(possible))))


def checked_rate(rate: float, name: str) -> float:
    """Return a share of the items; refuse what is none."""
    if not 0 < rate <= 1:
        raise SourceError(f"rate is a share above 0 and at most 1, not {rate!r}", name)
    return rate


def _with_points(batch: Batch, points: list[Point]) -> Batch:
    """Return a batch with other points."""
    return Batch(
        points, name=batch.name, tags=batch.tags, tmax=batch.tmax_or_none, by_name=batch.by_name
    )


def alter(item: Item, change: Callable[[Point], None]) -> Item:
    """Return a copy of a point, or of a batch and all its points, with a change made to each."""
    if isinstance(item, Point):
        copy = item.copy()
        change(copy)
        return copy
    altered = [point.copy() for point in item.points]
    for point in altered:
        change(point)
    return _with_points(item, altered)


def chance(seed: int, name: str) -> random.Random:
    """Return the source of chance for one fault: the same for a seed on every machine."""
    return random.Random(f"{seed}/{name}")  # noqa: S311  # repeatable, not secret
