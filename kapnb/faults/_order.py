"""Faults of arrival: points out of order, twice, late, or not at all; batches that are empty."""

from __future__ import annotations

import random
from collections.abc import Sequence

from kapnb.errors import SourceError
from kapnb.faults._fault import InputFault, Item, PointFault, Slot, checked_rate
from kapnb.model import Batch, Point

__all__ = ["Duplicates", "EmptyBatches", "Late", "Missing", "OutOfOrder"]


class OutOfOrder(PointFault):
    """A point comes before the one that should precede it.

    Examples
    --------
    >>> from kapnb.faults import OutOfOrder
    >>> points = [Point({"x": float(n)}, time=n, name="m") for n in range(6)]
    >>> faulty = OutOfOrder(rate=0.2).source(points, seed=2)
    >>> [point.fields.get("x") for point in faulty]
    [0.0, 2.0, 1.0, 3.0, 4.0, 5.0]
    """

    name = "out of order"
    reality = (
        "Kapacitor hands a stream on in the order in which it was written, whatever the points' "
        "times; two writers, or one that retries, are enough. A query's points are in order."
    )

    def points(self, points: Sequence[Point], chosen: set[int], rng: random.Random) -> list[Slot]:
        """Put each chosen point behind the next of its group."""
        following: dict[str, int] = {}
        behind: dict[int, float] = {}
        for index in range(len(points) - 1, -1, -1):
            group = points[index].group
            if index in chosen and group in following:
                behind[index] = following[group] + 0.5
            following[group] = index
        order = sorted(range(len(points)), key=lambda index: behind.get(index, index))
        return [Slot(index, points[index]) for index in order]


class Duplicates(PointFault):
    """A point comes twice: same time, same values.

    Examples
    --------
    >>> from kapnb.faults import Duplicates
    >>> points = [Point({"x": float(n)}, time=n, name="m") for n in range(6)]
    >>> faulty = Duplicates(rate=0.2).source(points, seed=2)
    >>> [point.fields.get("x") for point in faulty]
    [0.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0]
    """

    name = "duplicates"
    reality = (
        "A writer that got no answer in time writes again. InfluxDB keeps one of two equal points; "
        "Kapacitor's subscription passes both on."
    )

    def points(self, points: Sequence[Point], chosen: set[int], rng: random.Random) -> list[Slot]:
        """Repeat each chosen point at once."""
        slots = []
        for index, point in enumerate(points):
            slots.append(Slot(index, point))
            if index in chosen:
                slots.append(Slot(index, point.copy()))
        return slots


class Late(PointFault):
    """A point comes after others that are newer; its time is its own.

    In a batch it comes at the end; one that comes after its query ran is missing.

    Parameters
    ----------
    rate : float, default: 0.02
        Share of the points.
    by : int, default: 20
        How many points come before it at most.

    Examples
    --------
    >>> from kapnb.faults import Late
    >>> points = [Point({"x": float(n)}, time=n, name="m") for n in range(6)]
    >>> faulty = Late(rate=0.2, by=3).source(points, seed=2)
    >>> [point.fields.get("x") for point in faulty]
    [0.0, 1.0, 2.0, 3.0, 5.0, 4.0]
    """

    name = "late"
    reality = (
        "A gateway that was offline delivers what it kept. Kapacitor's windows have moved on, a "
        "UDF gets the point as it comes (|window emits by the newest time, window.go)."
    )

    def __init__(self, *, rate: float = 0.02, by: int = 20) -> None:
        super().__init__(rate=rate)
        if by < 1:
            raise SourceError(f"by is a number of points of at least 1, not {by!r}", self.name)
        self.by = by

    def points(self, points: Sequence[Point], chosen: set[int], rng: random.Random) -> list[Slot]:
        """Put each chosen point behind up to `by` others."""
        delay = {index: rng.randint(1, self.by) for index in sorted(chosen)}
        order = sorted(range(len(points)), key=lambda index: (index + delay.get(index, 0), index))
        return [Slot(index, points[index]) for index in order]


class Missing(PointFault):
    """A point never comes.

    Examples
    --------
    >>> from kapnb.faults import Missing
    >>> points = [Point({"x": float(n)}, time=n, name="m") for n in range(6)]
    >>> faulty = Missing(rate=0.4).source(points, seed=2)
    >>> [point.fields.get("x") for point in faulty]
    [0.0, 1.0, 3.0, 4.0]
    """

    name = "missing points"
    reality = (
        "Delivery is at most once: a subscription over UDP drops, a restart loses what lay "
        "between the last snapshot and the end (task.go: none is taken at stop)."
    )

    def points(self, points: Sequence[Point], chosen: set[int], rng: random.Random) -> list[Slot]:
        """Leave the chosen points out."""
        return [Slot(index, point) for index, point in enumerate(points) if index not in chosen]


class EmptyBatches(InputFault):
    """A batch comes without points: a begin of size 0, an end.

    Parameters
    ----------
    rate : float, default: 0.2
        Share of the batches, at least one.
    """

    name = "empty batches"
    reality = (
        "A query, or a |where, that leaves nothing of a group still gives a batch; so do groups "
        "that fell silent."
    )

    def __init__(self, *, rate: float = 0.2) -> None:
        self.rate = checked_rate(rate, self.name)

    def slots(self, items: Sequence[Item], rng: random.Random) -> list[Slot]:
        """See `InputFault`."""
        full = [
            index for index, item in enumerate(items) if isinstance(item, Batch) and item.points
        ]
        chosen = set(rng.sample(full, min(len(full), max(1, round(self.rate * len(items))))))
        return [
            Slot(index, _emptied(item) if index in chosen else item)
            for index, item in enumerate(items)
        ]


def _emptied(item: Item) -> Item:
    assert isinstance(item, Batch)
    return Batch((), name=item.name, tags=item.tags, tmax=item.tmax, by_name=item.by_name)
