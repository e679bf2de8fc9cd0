"""compare: two runs on the same data, output by output."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Any

from kapnb.errors import MissingExtra
from kapnb.faults._compare import look
from kapnb.faults._report import pre
from kapnb.model import Batch, Point
from kapnb.simulation import simulate
from kapnb.simulation._passage import Passage
from kapnb.whatif._fields import Near, field_differences

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "OutputDifference", "compare"]

Item = Point | Batch
#: Differences that text and HTML show.
_SHOWN_MAX = 3
_GROUPS_MAX = 10
#: Parameters of `simulate` that say how data are read.
_READING = ("time", "tags", "name", "typing")
_KINDS = ("equal", "changed", "only in a", "only in b")


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
        What else is not the same, such as the error that ended one of them.
    """

    a: Passage
    b: Passage
    names: tuple[str, str]
    groups: dict[str, dict[str, int]] = field(default_factory=dict)
    differences: list[OutputDifference] = field(default_factory=list)
    fields: dict[str, FieldDifference] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

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
        """Whether nothing differs."""
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
        counts = ", ".join(f"{self._count(kind)} {kind}" for kind in _KINDS)
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
        parts += [pre(str(difference)) for difference in self.differences[:_SHOWN_MAX]]
        if len(self.differences) > _SHOWN_MAX:
            parts.append(f"<div>and {len(self.differences) - _SHOWN_MAX} more</div>")
        return f"<div>{''.join(parts)}</div>"

    def _groups_html(self) -> str:
        shown = sorted(self.groups.items())[:_GROUPS_MAX]
        if len(self.groups) < 2:
            return ""
        rows = [(group or "(no group)", *map(str, counts.values())) for group, counts in shown]
        hidden = len(self.groups) - len(shown)
        rest = f"<div>and {hidden} more groups</div>" if hidden else ""
        return _table(("group", *_KINDS), rows) + rest


def compare(
    a: Any,
    b: Any,
    data: Any = None,
    *,
    tolerance: float = 0.0,
    relative: float = 0.0,
    **settings: Any,
) -> Comparison:
    """Compare two runs on the same data, or two Handlers by running them.

    Parameters
    ----------
    a, b : Simulation, Trial or UdfRun; or subclass of Handler
        Two runs; or two Handlers, such as an old version and a new one, of the official API too.
    data : optional
        For Handlers: what `simulate` takes.
    tolerance : float, default: 0
        Numbers that differ by no more are equal.
    relative : float, default: 0
        As `tolerance`, but as a share of the larger of the two.
    **settings
        For Handlers: further arguments of `simulate`, such as ``options``.

    Returns
    -------
    Comparison
        Counts, differences by field and by group, the first of them side by side.

    Raises
    ------
    ValueError
        If the two did not get the same inputs, or it is unclear what to run.
    KapnbError
        If the data cannot be read, or an option is refused.

    Notes
    -----
    Outputs belong together if they are the n-th that their Handler sent for the same input. They
    are equal if Kapacitor could not tell them apart: time, name, tags, group and fields; an int
    is no float. A tolerance is for floats, and for those only: it forgives the last bits of sums
    in another order.

    Examples
    --------
    >>> class Half(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(y=point.fields["x"] / 2)
    >>> class Rounded(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(y=float(round(point.fields["x"] / 2)))
    >>> points = [Point({"x": float(n)}, time=n) for n in range(4)]
    >>> compare(Half, Rounded, points)
    Half (a) and Rounded (b): 2 equal, 2 changed, 0 only in a, 0 only in b
      field y: 2 differ, by up to 0.5 (input 1)
    <BLANKLINE>
    input 1, changed
      a: Point(1970-01-01T00:00:00.000000001Z x=1.0 y=0.5)
      b: Point(1970-01-01T00:00:00.000000001Z x=1.0 y=0.0)
    <BLANKLINE>
    input 3, changed
      a: Point(1970-01-01T00:00:00.000000003Z x=3.0 y=1.5)
      b: Point(1970-01-01T00:00:00.000000003Z x=3.0 y=2.0)
    >>> compare(Half, Rounded, points, tolerance=0.5).same
    True
    """
    for name, value in (("tolerance", tolerance), ("relative", relative)):
        if not value >= 0:
            raise ValueError(f"{name} is {value!r}; it is a number that is not negative")
    one, other = _runs(a, b, data, settings)
    _check_inputs(one, other)
    comparison = Comparison(one, other, _names(one, other), notes=_notes(one, other))
    _fill(comparison, Near(tolerance, relative))
    return comparison


def _runs(a: Any, b: Any, data: Any, settings: Mapping[str, Any]) -> tuple[Passage, Passage]:
    if isinstance(a, Passage) and isinstance(b, Passage):
        if data is not None or settings:
            raise ValueError("two runs were given, so there is nothing to run on data or options")
        return a, b
    if isinstance(a, Passage) or isinstance(b, Passage):
        raise ValueError("compare takes two runs or two Handlers, not one of each")
    if data is None:
        raise ValueError("two Handlers are compared on data: compare(A, B, data)")
    one = simulate(a, data, errors="keep", **settings)
    # An iterator is empty by now: the second run gets what the first one read.
    settings = {key: value for key, value in settings.items() if key not in _READING}
    return one, simulate(b, one.source, errors="keep", **settings)


def _check_inputs(a: Passage, b: Passage) -> None:
    """Refuse runs on different data; one that ended early has only had the first of them."""
    if len(a.inputs) != len(b.inputs) and a.error is None and b.error is None:
        raise ValueError(
            f"the two had {len(a.inputs)} and {len(b.inputs)} inputs; compare runs on the same data"
        )
    for position, (one, other) in enumerate(zip(a.inputs, b.inputs, strict=False)):
        if look(one) != look(other):
            raise ValueError(
                f"the two had different inputs, from input {position}: {one!r}, {other!r}"
            )


def _names(a: Passage, b: Passage) -> tuple[str, str]:
    """Return what the two are called; options tell apart what has the same name."""
    names = a.handler.__name__, b.handler.__name__
    if names[0] != names[1]:
        return names
    one, other = getattr(a, "options", {}), getattr(b, "options", {})
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    if not keys:
        return names
    return _with_options(names[0], one, keys), _with_options(names[1], other, keys)


def _with_options(name: str, options: Mapping[str, Any], keys: Sequence[str]) -> str:
    shown = ", ".join(f"{key}={options[key]!r}" for key in keys if key in options)
    return f"{name} {shown or 'as declared'}"


def _notes(a: Passage, b: Passage) -> list[str]:
    texts = [str(run.error) if run.error else "" for run in (a, b)]
    if texts[0] == texts[1]:
        return []
    return [
        f"{side} ended after {len(run.inputs)} inputs: {text}"
        for side, run, text in zip("ab", (a, b), texts, strict=True)
        if text
    ]


def _fill(comparison: Comparison, near: Near) -> None:
    """Go through the outputs of both, input by input."""
    found: dict[str, FieldDifference] = {}
    for position, sent in _together(comparison.a, comparison.b):
        for one, other in zip_longest(*sent):
            item = one if one is not None else other
            assert item is not None
            difference = OutputDifference(position, item.group, one, other)
            kind = difference.kind
            if kind == "changed":
                names = {} if look(one) == look(other) else field_differences(one, other, near)
                kind = kind if names else "equal"
                for name, size in names.items():
                    if name:  # without one it is no field: a tag, a time
                        _note(found, name, size, position)
            counts = comparison.groups.setdefault(item.group, dict.fromkeys(_KINDS, 0))
            counts[kind] += 1
            if kind != "equal":
                comparison.differences.append(difference)
    often = sorted(found.values(), key=lambda one: (-one.count, one.name))
    comparison.fields.update({one.name: one for one in often})


def _together(a: Passage, b: Passage) -> Iterator[tuple[int, tuple[list[Item], list[Item]]]]:
    """Yield the position of each input that has an output, and what the two sent for it."""
    sides = [_by_input(a), _by_input(b)]
    heads = [next(side, None) for side in sides]
    while any(head is not None for head in heads):
        position = min(head[0] for head in heads if head is not None)
        sent: list[list[Item]] = []
        for place, head in enumerate(heads):
            mine = head is not None and head[0] == position
            sent.append(head[1] if head is not None and mine else [])
            heads[place] = next(sides[place], None) if mine else head
        yield position, (sent[0], sent[1])


def _by_input(run: Passage) -> Iterator[tuple[int, list[Item]]]:
    for position, outputs in groupby(run.outputs, key=lambda output: output.input):
        yield position, [output.item for output in outputs]


def _note(found: dict[str, FieldDifference], name: str, size: float, position: int) -> None:
    before = found.get(name, FieldDifference(name, input=position))
    larger = size == size and not size <= before.largest
    found[name] = FieldDifference(
        name,
        before.count + 1,
        size if larger else before.largest,
        position if larger else before.input,
    )


def _first_apart(a: Item | None, b: Item | None) -> tuple[Item | None, Item | None]:
    """Return the two; of batches that begin alike the first points that differ."""
    if isinstance(a, Batch) and isinstance(b, Batch):
        for one, other in zip_longest(a.points, b.points):
            if one is None or other is None or look(one) != look(other):
                return one, other
    return a, b


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
