"""Shrink a list to a smallest one that still shows something: delta debugging.

The algorithm is ddmin (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing
input", IEEE Transactions on Software Engineering 28, 2002). Its result is 1-minimal: without any
one of its items it shows nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["shrink"]

T = TypeVar("T")


def shrink(
    items: Sequence[T], shows: Callable[[list[T]], bool], *, tries: int = 500
) -> tuple[list[T], bool]:
    """Return a part of `items` that still shows it, and whether it is minimal.

    Parameters
    ----------
    items : sequence
        All together show it.
    shows : callable
        Tells whether a part, in the order of `items`, shows it. Must always say the same.
    tries : int, default: 500
        How often `shows` is called at most.

    Returns
    -------
    list, bool
        The part; False if the tries ran out before it was known to be minimal.

    Examples
    --------
    >>> shrink(range(100), lambda part: {17, 60} <= set(part))
    ([17, 60], True)
    """
    left, pieces = list(items), 2
    while len(left) > 1:
        size = -(-len(left) // pieces)
        chunks = [left[start : start + size] for start in range(0, len(left), size)]
        for index, chunk in enumerate(chunks):
            rest = [item for other in (chunks[:index] + chunks[index + 1 :]) for item in other]
            # With two pieces, each is the other's rest.
            candidates = [rest] if pieces == 2 or len(chunks) == 2 else [chunk, rest]
            found = None
            for candidate in candidates:
                if tries <= 0:
                    return left, False
                tries -= 1
                if shows(candidate):
                    found = candidate
                    break
            if found is not None:
                pieces = max(2, pieces - 1) if found is rest else 2
                left = found
                break
        else:
            if size == 1:
                return left, True
            pieces = min(len(left), pieces * 2)
    return left, True
