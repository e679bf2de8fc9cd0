"""compare: two runs on the same data, output by output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, zip_longest
from typing import Any

from kapnb.faults._compare import look
from kapnb.model import Point
from kapnb.protocol import encode_point
from kapnb.simulation import simulate
from kapnb.simulation._passage import Passage
from kapnb.whatif._comparison import KINDS, Comparison, FieldDifference, Item, OutputDifference
from kapnb.whatif._fields import Near, field_differences

__all__ = ["compare"]

#: Parameters of `simulate` that say how data are read.
_READING = ("time", "tags", "name", "typing")


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
    near = Near(tolerance, relative)
    comparison = Comparison(one, other, _names(one, other), notes=_notes(one, other), near=near)
    _fill(comparison)
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
        if not _same(one, other):
            raise ValueError(
                f"the two had different inputs, from input {position}: {one!r}, {other!r}"
            )


def _same(one: Item, other: Item) -> bool:
    """Return whether Kapacitor could not tell them apart; equal bytes are the quick answer."""
    if isinstance(one, Point) and isinstance(other, Point):
        return encode_point(one) == encode_point(other) or look(one) == look(other)
    return look(one) == look(other)


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
    """Say what ended the runs early; what comes after that nobody has compared."""
    texts = [str(run.error) if run.error else "" for run in (a, b)]
    if texts[0] and texts[0] == texts[1] and len(a.inputs) == len(b.inputs):
        return [f"both ended after {_inputs(a)}: {texts[0]}"]
    return [
        f"{side} ended after {_inputs(run)}: {text}"
        for side, run, text in zip("ab", (a, b), texts, strict=True)
        if text
    ]


def _inputs(run: Passage) -> str:
    count = len(run.inputs)
    return f"{count} input{'' if count == 1 else 's'}"


def _fill(comparison: Comparison) -> None:
    """Go through the outputs of both, input by input."""
    found: dict[str, FieldDifference] = {}
    for position, sent in _together(comparison.a, comparison.b):
        for one, other in zip_longest(*sent):
            item = one if one is not None else other
            assert item is not None
            difference = OutputDifference(position, item.group, one, other)
            kind = difference.kind
            if one is not None and other is not None:
                names = {} if _same(one, other) else field_differences(one, other, comparison.near)
                kind = kind if names else "equal"
                for name, size in names.items():
                    if name:  # without one it is no field: a tag, a time
                        _note(found, name, size, position)
            counts = comparison.groups.setdefault(item.group, dict.fromkeys(KINDS, 0))
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
