"""What can go wrong with a series, when, and what it is then called."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kapnb.sources._names import names_of

__all__ = ["Change", "drift", "gap", "step"]


@dataclass(frozen=True)
class Change:
    """A change to a series for some time.

    Attributes
    ----------
    start, stop : float
        Seconds since the start of the data; `stop` is not within.
    label : str
        What the points in between are labelled.
    effect : callable or None
        Called with a value and how much of the time is over, from 0 to 1; returns the value as
        it becomes. None means that there is no point at all.
    fields : tuple of str
        The fields it affects; none means all that are numbers.

    Examples
    --------
    >>> half = Change(10, 20, "half", lambda value, progress: value / 2)
    >>> half.covers(10), half.covers(20)
    (True, False)
    """

    start: float
    stop: float
    label: str
    effect: Callable[[float, float], float] | None
    fields: tuple[str, ...] = ()

    def covers(self, seconds: float) -> bool:
        """Return whether it is under way."""
        return self.start <= seconds < self.stop

    def progress(self, seconds: float) -> float:
        """Return how much of it is over, from 0 to 1."""
        return (seconds - self.start) / (self.stop - self.start)


def gap(start: float, stop: float) -> Change:
    """Return a time without points, in seconds since the start of the data.

    Examples
    --------
    >>> from kapnb.sources.synthetic import Series, gap, mixed
    >>> data = mixed(Series("m", {"x": 1.0}, changes=[gap(1, 4)]), seconds=6, seed=1)
    >>> [point.time // 10**9 % 60 for point in data]
    [0, 4, 5]
    """
    return Change(start, stop, "gap", None)


def drift(
    start: float, stop: float, by: float, *, fields: Iterable[str] = (), label: str = "drift"
) -> Change:
    """Return a steady growth by up to `by`, which is gone at `stop`.

    Examples
    --------
    >>> from kapnb.sources.synthetic import Series, drift, mixed
    >>> data = mixed(Series("m", {"x": 1.0}, changes=[drift(1, 5, by=8)]), seconds=6, seed=1)
    >>> [point.fields["x"] for point in data]
    [1.0, 1.0, 3.0, 5.0, 7.0, 1.0]
    """
    return Change(start, stop, label, lambda value, over: value + by * over, names_of(fields))


def step(
    start: float,
    by: float,
    *,
    stop: float = math.inf,
    fields: Iterable[str] = (),
    label: str = "step",
) -> Change:
    """Return a jump by `by`, for good or up to `stop`.

    Examples
    --------
    >>> from kapnb.sources.synthetic import Series, mixed, step
    >>> data = mixed(Series("m", {"x": 1.0}, changes=[step(2, by=10)]), seconds=4, seed=1)
    >>> [point.fields["x"] for point in data]
    [1.0, 1.0, 11.0, 11.0]
    """
    return Change(start, stop, label, lambda value, _: value + by, names_of(fields))
