"""Damage in recordings, and the two fates it can have: an end with an error, or with a warning.

Damage is what reaches to the end of a recording: a copy that was cut off, a disk that was full,
bytes that no longer fit their checksum. What stands before it is sound, and keeping it must not
look like having read all, so the warning is never shown once and then swallowed. One bad line
with sound ones behind it is no damage but a `SourceError`: to leave it out would be a lie.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Literal, TypeVar

from kapnb.errors import SourceError

__all__ = ["AGAIN", "Damage", "DamageWarning", "Damaged", "check_damaged", "kept"]

Damaged = Literal["keep", "raise"]
AGAIN = "copy the recording again, or record again"

_T = TypeVar("_T")


class DamageWarning(UserWarning):
    """The end of a recording is damaged, and what stands before it was given.

    ``warnings.simplefilter("error", DamageWarning)`` turns it into an error for a whole program,
    ``damaged="raise"`` for one recording.

    Attributes
    ----------
    where : str
        File, and the line at which the damage begins.
    items : int
        How many points or batches were given before it.
    """

    def __init__(self, message: str, where: str, items: int) -> None:
        self.where = where
        self.items = items
        super().__init__(message)


class Damage(SourceError):
    """From here to its end a recording cannot be read."""


def check_damaged(damaged: str) -> None:
    """Refuse what is no choice.

    Raises
    ------
    SourceError
        If `damaged` is neither ``"keep"`` nor ``"raise"``.
    """
    if damaged not in ("keep", "raise"):
        raise SourceError(f"damaged is {damaged!r}; it must be 'keep' or 'raise'")


def kept(items: Iterator[_T], damaged: Damaged, noun: str) -> Iterator[_T]:
    """Yield `items`, and deal with the damage at their end.

    With ``"keep"`` it becomes a warning, unless nothing stands before it: an empty result is
    nothing to keep.
    """
    count = 0
    try:
        for item in items:
            yield item
            count += 1
    except Damage as damage:
        if damaged == "raise" or not count:
            raise
        text = f"{damage} (number of {noun} before it, which were read: {count})"
        warning = DamageWarning(text, damage.where or "", count)
        # Without a registry: the default filter shows a warning once a place, and a cell that
        # is run again would look as if all had been read.
        warnings.warn_explicit(warning, DamageWarning, "kapnb", 1)
