"""Which combination is the one to use."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Rule"]

_SCORES = ("precision", "recall", "f1")
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Rule:
    """A rule that chooses one row of a sweep's table.

    Attributes
    ----------
    by : str, optional
        The column that should be largest. By default ``f1``; with a bound the other of the two:
        ``precision`` for a bound on recall, ``recall`` for one on precision.
    recall, precision : float, optional
        What a row must have at least.
    smallest : bool
        Whether `by` should be smallest instead.

    Notes
    -----
    Of rows that are equally good the one with the larger F1, then precision, then the first.
    Rows with an error are never chosen.
    """

    by: str | None = None
    recall: float | None = None
    precision: float | None = None
    smallest: bool = False

    @property
    def column(self) -> str:
        """The column it goes by."""
        if self.by is not None:
            return self.by
        if self.recall is not None:
            return "precision"
        return "f1" if self.precision is None else "recall"

    def __str__(self) -> str:
        bounds = [
            f"{name} ≥ {bound:g}"
            for name, bound in (("recall", self.recall), ("precision", self.precision))
            if bound is not None
        ]
        text = f"{'least' if self.smallest else 'best'} {self.column}"
        return f"{text} with {' and '.join(bounds)}" if bounds else text

    def choose(self, table: Columns) -> int:
        """Return the position of the row in a table given by its columns.

        Raises
        ------
        ValueError
            If there is no such column, or no row fits.
        """
        rows = self._candidates(table)
        if not rows:
            raise ValueError(f"no combination has the {self}")
        sign = -1.0 if self.smallest else 1.0
        ranks = [self.column, *(name for name in ("f1", "precision") if name in table)]

        def merit(row: int) -> tuple[float, ...]:
            first, *others = (table[name][row] for name in ranks)
            return (sign * float(first), *map(_least_if_nan, others))

        return max(rows, key=merit)  # of equals the first

    def _candidates(self, table: Columns) -> list[int]:
        columns = [self.column]
        columns += ["recall"] if self.recall is not None else []
        columns += ["precision"] if self.precision is not None else []
        for name in columns:
            if name not in table:
                hint = "; there were no labels" if name in _SCORES else ""
                names = ", ".join(table)
                raise ValueError(f"no column {name!r} in the sweep's table ({names}){hint}")
        fits = [error == "" for error in table["error"]]
        for name, bound in (("recall", self.recall), ("precision", self.precision)):
            if bound is not None:
                fits = [
                    fit and value >= bound for fit, value in zip(fits, table[name], strict=True)
                ]
        return [row for row in _numbers(self.column, table[self.column]) if fits[row]]


def _numbers(name: str, values: Sequence[Any]) -> list[int]:
    """Return the positions of what is a number."""
    try:
        return [row for row, value in enumerate(values) if not math.isnan(float(value))]
    except (TypeError, ValueError):
        raise ValueError(f"column {name!r} has no numbers to choose by") from None


def _least_if_nan(value: float) -> float:
    return -math.inf if math.isnan(value) else float(value)
