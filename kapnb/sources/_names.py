"""Names that are given as one text or as several."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["names_of"]


def names_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; a single str is one of them, not its letters.

    Examples
    --------
    >>> names_of("host"), names_of(["host", "cpu"])
    (('host',), ('host', 'cpu'))
    """
    return (names,) if isinstance(names, str) else tuple(names)
