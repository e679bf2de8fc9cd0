"""Input a portion at a time: as much as is handled in an instant."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Protocol, TypeVar

__all__ = ["ENOUGH_S", "MOST", "Pace", "portions", "take"]

_T = TypeVar("_T")

#: Items of a portion at the most; more would gain nothing.
MOST = 512
#: A portion should be handled in about this time, in seconds, for a bar that moves.
ENOUGH_S = 0.05


class Pace(Protocol):
    """Decides when inputs go, and how many together; called as `portions` is."""

    def __call__(
        self, items: Iterator[_T], gate: AbstractContextManager[None], *, singly: bool = False
    ) -> Iterator[list[_T]]:
        """Yield `items` in lists."""
        ...


def portions(
    items: Iterator[_T],
    gate: AbstractContextManager[None],
    *,
    singly: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[list[_T]]:
    """Yield `items` in lists, larger ones while those before were handled quickly.

    An error of the source is raised once the items before it were handled.

    Parameters
    ----------
    items : iterator
    gate : context manager
        Entered while `items` is asked.
    singly : bool
        Whether each list has one item.
    clock : callable, default: time.monotonic
        Seconds.

    Examples
    --------
    >>> from contextlib import nullcontext
    >>> list(portions(iter("abcdefghij"), nullcontext(), clock=lambda: 0.0))
    [['a'], ['b', 'c'], ['d', 'e', 'f', 'g'], ['h', 'i', 'j']]
    """
    size, most = 1, 1 if singly else MOST
    while True:
        portion, failure = take(items, size, gate)
        began = clock()
        if portion:
            yield portion
        if failure is not None:
            raise failure
        if len(portion) < size:
            return
        size = min(2 * size, most) if clock() - began < ENOUGH_S else max(size // 2, 1)


def take(
    items: Iterator[_T], size: int, gate: AbstractContextManager[None]
) -> tuple[list[_T], Exception | None]:
    """Return up to `size` items, and the error of their source that ended them sooner.

    Examples
    --------
    >>> from contextlib import nullcontext
    >>> take(iter("abc"), 2, nullcontext())
    (['a', 'b'], None)
    """
    taken: list[_T] = []
    try:
        with gate:
            for item in islice(items, size):
                taken.append(item)  # noqa: PERF402  # those before an error are kept
    except Exception as error:
        return taken, error
    return taken, None
