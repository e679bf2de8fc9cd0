"""Comparison: what two runs on the same data have in common, as numbers, text and HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from kapnb.errors import MissingExtra
from kapnb.faults._compare import look
from kapnb.model import Batch, Point
from kapnb.simulation._passage import Passage
from kapnb.whatif._fields import Near, field_differences

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "Comparison", "FieldDifference", "Item", "OutputDifference"]

Item = Point | Batch
#: Differences that text and HTML show.
_SHOWN_MAX = 3
_GROUPS_MAX = 10
#: How an output may stand to its counterpart.
KINDS = ("equal", "changed", "only in a", "only in b")


@dataclass(frozen=True)
class OutputDifference:
    """One output that differs.

    Attributes
    ----------
    input : int
        Position of the input it belongs to; -1 before the first.
    group : str
        Kapacitor's id of its group.
    a, b : Point, Batch or None
        What the two sent; None where one sent nothing.
    """

    input: int
    group: str
    a: Item | None
    b: Item | None

    @property
    def kind(self) -> str:
        """``changed``, ``only in a`` or ``only in b``."""
        if self.a is not None and self.b is not None:
            return "changed"
        return "only in b" if self.a is None else "only in a"

    def __str__(self) -> str:
        a, b = (_shown(item) for item in _first_apart(self.a, self.b))
        return f"input {self.input}, {self.kind}\n  a: {a}\n  b: {b}"


@dataclass(frozen=True)
class FieldDifference:
    """How far one field differs.

    Attributes
    ----------
    name : str
    count : int
        How many values differ by more than the tolerance; one that is on one side only does.
    largest : float
        The largest difference of two numbers; NaN where there were none to subtract.
    input : int
        Position of the input where that was, or else of the first difference.
    """

    name: str
    count: int = 0
    largest: float = math.nan
    input: int = -1


@dataclass
class Comparison:
    """What two runs on the same data have in common; made by `compare`.

    Attributes
    ----------
    a, b : Simulation, Trial or UdfRun
        The two runs.
    names : tuple of str
        What they are called.
    groups : dict of str to dict of str to int
        By group, how many outputs are ``equal``, ``changed``, ``only in a``, ``only in b``.
    differences : list of OutputDifference
        In the order of the inputs.
    fields : dict of str to FieldDifference
        Those fields that differ, those that differ most often first.
    notes : list of str
        What else there is to know: the error that ended one of them, or both, early.
    near : Near
        The tolerance.
    """

    a: Passage
    b: Passage
    names: tuple[str, str]
    groups: dict[str, dict[str, int]] = field(default_factory=dict)
    differences: list[OutputDifference] = field(default_factory=list)
    fields: dict[str, FieldDifference] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    near: Near = field(default_factory=Near)

    def _count(self, kind: str) -> int:
        return sum(counts[kind] for counts in self.groups.values())

    @property
    def equal(self) -> int:
        """How many outputs are equal, or equal within the tolerance."""
        return self._count("equal")

    @property
    def changed(self) -> int:
        """How many outputs of `a` and `b` belong together and differ."""
        return self._count("changed")

    @property
    def only_a(self) -> int:
        """How many outputs only `a` has."""
        return self._count("only in a")

    @property
    def only_b(self) -> int:
        """How many outputs only `b` has."""
        return self._count("only in b")

    @property
    def same(self) -> bool:
        """Whether nothing differs, and both runs came to their end."""
        return not self.differences and not self.notes

    def raise_if_different(self) -> None:
        """Raise an AssertionError that says what differs, if anything does."""
        if not self.same:
            raise AssertionError(str(self))

    @property
    def frame(self) -> pd.DataFrame:
        """The differences as a DataFrame: ``input``, ``group``, ``kind``, ``a``, ``b``.

        Raises
        ------
        MissingExtra
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtra("notebook", "Comparison.frame", "pandas") from error
        rows = [(one.input, one.group, one.kind, one.a, one.b) for one in self.differences]
        return pd.DataFrame(rows, columns=["input", "group", "kind", "a", "b"])

    def plot(self, **settings: Any) -> Any:
        """Return a picture of a field of both over event time, differences marked.

        Parameters
        ----------
        **settings
            ``field`` and ``groups`` choose what is drawn; ``ax`` gives Axes to draw into, which
            are then returned. See `kapnb.notebook.plot_comparison`.
        """
        from kapnb.simulation._faces import comparison_plot

        return comparison_plot(self, **settings)

    # ---------------------------------------------------------------------- as text

    def _head(self) -> str:
        counts = ", ".join(f"{self._count(kind)} {kind}" for kind in KINDS)
        return f"{self.names[0]} (a) and {self.names[1]} (b): {counts}"

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    __str__ = __repr__

    def _lines(self) -> Iterator[str]:
        yield self._head()
        yield from (f"  {note}" for note in self.notes)
        for one in self.fields.values():
            yield f"  field {one.name}: {_field_text(one)}"
        for difference in self.differences[:_SHOWN_MAX]:
            yield ""
            yield str(difference)
        if len(self.differences) > _SHOWN_MAX:
            yield ""
            yield f"and {len(self.differences) - _SHOWN_MAX} more, in .differences"

    def _repr_html_(self) -> str:
        notes = "".join(f"<div>{html.escape(note)}</div>" for note in self.notes)
        parts = [f"<b>{html.escape(self._head())}</b>", notes, self._groups_html()]
        if self.fields:
            rows = [(one.name, _field_text(one)) for one in self.fields.values()]
            parts.append(_table(("field", "differences"), rows))
        if self.differences:
            parts.append(self._differences_html())
        return f"<div>{''.join(parts)}</div>"

    def _differences_html(self) -> str:
        """Return the first differences side by side, a row for each value that differs."""
        rows: list[tuple[str, ...]] = []
        for one in self.differences[:_SHOWN_MAX]:
            place = str(one.input), one.group or "(no group)"
            a, b = _first_apart(one.a, one.b)
            names = [] if a is None or b is None else list(field_differences(a, b, self.near))
            named = [name for name in names if name]
            rows += [(*place, name, _value(a, name), _value(b, name)) for name in named]
            if len(named) < max(len(names), 1):  # more than fields, or one side only
                rows.append((*place, "", _shown(a), _shown(b)))
        hidden = len(self.differences) - _SHOWN_MAX
        rest = f"<div>and {hidden} more outputs that differ</div>" if hidden > 0 else ""
        return _table(("input", "group", "field", *self.names), rows) + rest

    def _groups_html(self) -> str:
        shown = sorted(self.groups.items())[:_GROUPS_MAX]
        if len(self.groups) < 2:
            return ""
        rows = [(group or "(no group)", *map(str, counts.values())) for group, counts in shown]
        hidden = len(self.groups) - len(shown)
        rest = f"<div>and {hidden} more groups</div>" if hidden else ""
        return _table(("group", *KINDS), rows) + rest


def _first_apart(a: Item | None, b: Item | None) -> tuple[Item | None, Item | None]:
    """Return the two; of batches that begin alike the first points that differ."""
    if isinstance(a, Batch) and isinstance(b, Batch):
        for one, other in zip_longest(a.points, b.points):
            if one is None or other is None or look(one) != look(other):
                return one, other
    return a, b


def _value(item: Item | None, name: str) -> str:
    """Return a field's value as text; nothing if it is not there."""
    fields = item.fields if isinstance(item, Point) else {}
    return repr(fields[name]) if name in fields else ""


def _shown(item: Item | None) -> str:
    return "(nothing)" if item is None else repr(item)


def _field_text(one: FieldDifference) -> str:
    by = "" if math.isnan(one.largest) else f", by up to {one.largest:.6g}"
    return f"{one.count} differ{by} (input {one.input})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
