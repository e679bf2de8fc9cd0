"""What all synthetic Sources have in common: points with labels, chance from a seed, times."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kapnb.errors import SourceError
from kapnb.model import STREAM, EdgeType, Point, parse_duration, parse_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Chance", "Synthetic", "nanoseconds", "start_time"]


@dataclass(frozen=True)
class Synthetic:
    """A Source of points that are made from a seed, and of the labels that go with them.

    Made by `mixed`, `turbine`, `weld` and `experiment`.

    Parameters
    ----------
    what : str
        What it shows itself as.
    make : callable
        Returns the points anew, each with its label; an empty label means that all is well.
    """

    what: str
    make: Callable[[], Iterator[tuple[Point, str]]]

    @property
    def edge(self) -> EdgeType:
        """STREAM."""
        return STREAM

    def __iter__(self) -> Iterator[Point]:
        """Start over from the first point."""
        return (point for point, _ in self.make())

    def labelled(self) -> Iterator[tuple[Point, str]]:
        """Yield the points, each with its label."""
        return self.make()

    def frame(self, label: str = "label") -> pd.DataFrame:
        """Return the points as a DataFrame with their labels as one more column.

        Raises
        ------
        SourceError
            If a tag or field has the label's name.
        MissingExtra
            If pandas is not there.
        """
        from kapnb.handler._frames import frame_from_points

        points, labels = zip(*self.make(), strict=True)
        frame = frame_from_points(points)
        if label in frame.columns:
            raise SourceError(f"there is a column {label!r} already; name the labels with label=")
        frame[label] = labels
        return frame

    def __repr__(self) -> str:
        return self.what


class Chance(random.Random):
    """Chance that is the same for the same seed and name, whatever else is drawn meanwhile."""

    def __init__(self, seed: int, *names: object) -> None:
        # Seeding with text goes by a hash of its own, which is not that of the process.
        super().__init__("/".join(map(str, (seed, *names))))

    def normal(self) -> float:
        """Return a number of mean 0 and standard deviation 1, near enough to normal.

        A sum of twelve: Python may change `gauss`, and additions one after the other are the
        same everywhere, which those of `sum` are not since Python 3.12.
        """
        draw, total = self.random, -6.0
        for _ in range(12):
            total += draw()
        return total

    def between(self, low: float, high: float) -> float:
        """Return a number between two."""
        return low + (high - low) * self.random()


def nanoseconds(span: int | str, what: str) -> int:
    """Return a span of time, at least 0, in nanoseconds.

    Raises
    ------
    SourceError
        If it is none.
    """
    try:
        value = parse_duration(span) if isinstance(span, str) else int(span)
    except ValueError as error:
        raise SourceError(f"{what}: {error}") from None
    if value < 0:
        raise SourceError(f"{what} is {span}; it cannot be negative")
    return value


def start_time(start: int | str) -> int:
    """Return a time, given as RFC 3339 or in nanoseconds since the Unix epoch, as the latter.

    Raises
    ------
    SourceError
        If it is none.
    """
    try:
        return parse_time(start) if isinstance(start, str) else int(start)
    except ValueError as error:
        raise SourceError(f"start: {error}") from None
