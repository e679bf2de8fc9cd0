"""What may be said about two runs, one with a fault and one without.

The claims are weak on purpose, so that none is wrong about a correct Handler:

- *cause*: as long as a group got the very same items, it gave the very same answers;
- *group*: what happens in one group changes no answer of another, unless the Handler shares
  state between groups on purpose;
- a fault that is *harmless* changes nothing at all.

Answers are compared as Kapacitor would see them, and exactly: an int is no float.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kapnb.faults._process import Item, Run
from kapnb.faults._values import NEW_FIELD
from kapnb.model import Batch, Point

__all__ = ["Breach", "breach", "changed", "look", "looks", "without_new_field"]

#: Numbers that differ by less were added in another order.
_NEAR = 1e-9


@dataclass(frozen=True)
class Breach:
    """Where two runs differ though they may not.

    Attributes
    ----------
    position : int
        Of the input, among those of the run with the fault.
    expected, found : list of Point or Batch
        What the two runs gave for it.
    """

    position: int
    expected: list[Item]
    found: list[Item]


def look(item: Item, since: int = 0) -> tuple[Any, ...]:
    """Return an item as a value that is equal for equal items and for no others.

    Times are counted from `since`.
    """
    if isinstance(item, Batch):
        head = (item.name, tuple(sorted(item.tags.items())), item.tmax - since, item.by_name)
        return (*head, *(look(point, since) for point in item.points))
    return (
        item.time - since,
        item.name,
        item.dimensions,
        item.by_name,
        item.database,
        item.retention_policy,
        tuple(sorted(item.tags.items())),
        tuple(sorted((name, repr(value)) for name, value in item.fields.items())),
    )


def looks(outputs: Sequence[Sequence[Item]]) -> list[tuple[Any, ...]]:
    """Return the answers to each input as a value that can be compared."""
    return [tuple(map(look, items)) for items in outputs]


def breach(clean: Run, faulty: Run, *, shared: bool) -> Breach | None:
    """Return the first answer that breaks the claims of cause and group, or None.

    Parameters
    ----------
    clean, faulty : Run
        The inputs of `faulty` that the fault left alone are the very objects of `clean`.
    shared : bool
        Whether the Handler shares state between groups on purpose; then all are one group.
    """
    ways: dict[str, list[int]] = {}
    for position, item in enumerate(clean.inputs):
        ways.setdefault("" if shared else item.group, []).append(position)
    reached = dict.fromkeys(ways, 0)
    touched: set[str] = set()
    for position, item in enumerate(faulty.inputs[: len(faulty.outputs)]):
        group = "" if shared else item.group
        way, step = ways.get(group, []), reached.get(group, 0)
        if group in touched or step >= len(way) or clean.inputs[way[step]] is not item:
            touched.add(group)
            continue
        reached[group] = step + 1
        expected, found = clean.outputs[way[step]], faulty.outputs[position]
        if [*map(look, expected)] != [*map(look, found)]:
            return Breach(position, expected, found)
    return None


def changed(clean: Run, faulty: Run, origins: Sequence[int], *, untouched: bool) -> int:
    """Count the inputs that were answered otherwise, times being counted from the input's.

    Parameters
    ----------
    clean, faulty : Run
        See `breach`.
    origins : sequence of int
        Of each input of `faulty`, the position in `clean` that it comes from.
    untouched : bool
        Whether to count those that the fault left alone, or the others.
    """
    count = 0
    for position, outputs in enumerate(faulty.outputs):
        item, origin = faulty.inputs[position], origins[position]
        before = clean.inputs[origin]
        if (item is before) is untouched:
            count += _since(outputs, item) != _since(clean.outputs[origin], before)
    return count


def _since(outputs: Sequence[Item], item: Item) -> list[Any]:
    start = item.tmax if isinstance(item, Batch) else item.time
    return [look(output, start) for output in outputs]


# ----------------------------------------------------------- the run with a new field


def without_new_field(items: Sequence[Item]) -> list[Any]:
    """Return answers as values, with the new field called the same wherever it stood."""
    return [
        [_named(point) for point in item.points] if isinstance(item, Batch) else _named(item)
        for item in items
    ]


def same_but_for_order(one: Any, other: Any) -> bool:
    """Compare such answers; sums may differ in their last bits, texts in the order of parts."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (one != one and other != other) or _near(one, other)
    if isinstance(one, str) and isinstance(other, str):
        return one == other or sorted(one) == sorted(other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            same_but_for_order(value, other[name]) for name, value in one.items()
        )
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same_but_for_order, one, other))
    return type(one) is type(other) and bool(one == other)


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= _NEAR * max(abs(one), abs(other))


def _named(point: Point) -> tuple[Any, ...]:
    fields = {
        _neutral(name): _neutral(value) if isinstance(value, str) else value
        for name, value in point.fields.items()
    }
    tags = {_neutral(name): _neutral(value) for name, value in point.tags.items()}
    return point.time, point.name, point.dimensions, tags, fields


def _neutral(text: str) -> str:
    for name in NEW_FIELD:
        text = text.replace(name, "kapnb")
    return text
