"""A picture of a run before it is drawn: its lines, which groups get a colour, what is left out.

Decisions only; matplotlib is not named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from kapnb.model import Batch, Point
from kapnb.notebook._fields import Wanted, choose_fields, known_fields, points_of, spread
from kapnb.notebook._numbers import Numbers, Times, Trace, Values, trace
from kapnb.simulation import Output, Simulation
from kapnb.simulation._joined import natural

__all__ = [
    "LINE_SHARE",
    "Line",
    "Scene",
    "check_fields",
    "gather",
    "missing_fields",
    "missing_group",
    "rather_than",
    "sorted_groups",
]

#: Groups drawn if nobody names any; as many as there are colours that all readers tell apart.
_GROUPS_MAX = 6
#: Names that are suggested for one that is not known, or listed if none is like it.
_NEAR_MAX, _THERE_MAX = 3, 12
#: Outputs that answer fewer inputs than this share are events: points, not a line.
LINE_SHARE = 0.5
#: Items of a side that are looked at to tell a bool from a number.
_BOOL_SAMPLE = 16


@dataclass(frozen=True)
class Line:
    """One field of one group.

    Attributes
    ----------
    field, group : str
        The field's name, the group's id.
    sent : bool
        Whether these are outputs.
    times, values : arrays, shape (n,)
        In order of time, finite, n at least 1.
    sampled : bool
        Whether they are a selection of what there is.
    logical : bool
        Whether they are False and True.
    """

    field: str
    group: str
    sent: bool
    times: Times
    values: Values
    sampled: bool = False
    logical: bool = False

    def trace(self, columns: int) -> Trace:
        """Return what is drawn of it on so many columns of pixels; see `trace`."""
        return trace(self.times, self.values, columns, sampled=self.sampled)


@dataclass(frozen=True)
class Scene:
    """A picture before it is drawn.

    Attributes
    ----------
    title : str
        The Handler's name.
    lines : tuple of Line
        Inputs first.
    groups : tuple of str
        Ids of the groups drawn, in the order of their colours.
    batches : bool
        Whether the outputs are batches.
    notes : tuple of str
        What the lines do not say: the only group, or what was left out.
    sparse : bool
        Whether all outputs together answer few of the inputs.
    begun : bool
        Whether there was an input.
    """

    title: str
    lines: tuple[Line, ...]
    groups: tuple[str, ...] = ()
    batches: bool = False
    notes: tuple[str, ...] = ()
    sparse: bool = False
    begun: bool = True

    @property
    def lack(self) -> str:
        """Why there is nothing to draw; empty if there is something."""
        if self.lines:
            return ""
        return "no numbers to plot" if self.begun else "no input yet"

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the fields drawn from outputs."""
        return tuple(dict.fromkeys(line.field for line in self.lines if line.sent))

    @property
    def ends(self) -> tuple[int, int] | None:
        """The first and the last time; None where there is nothing to draw."""
        if not self.lines:
            return None
        first = min(int(line.times[0]) for line in self.lines)
        return first, max(int(line.times[-1]) for line in self.lines)

    def rare(self, line: Line) -> bool:
        """Return whether outputs are events, which no line joins: they answer few inputs.

        Those of their group are counted as far as they are drawn, else those of the run.
        """
        others = (one for one in self.lines if one.group == line.group and not one.sent)
        given = max((len(one.times) for one in others), default=0)
        return len(line.times) < LINE_SHARE * given if given else self.sparse


def gather(
    simulation: Simulation,
    fields: Wanted = None,
    groups: str | Sequence[str] | None = None,
    numbers: Numbers | None = None,
    most: int = _GROUPS_MAX,
) -> Scene:
    """Read a run and decide what its picture shows.

    Parameters
    ----------
    simulation : Simulation
        The run.
    fields : bool or str or sequence of str, optional
        See `choose_fields`.
    groups : str or sequence of str, optional
        Ids of the groups to draw; by default the first six in natural order.
    numbers : Numbers, optional
        What was read already, in place of reading all of `fields`.
    most : int, default: 6
        Groups drawn if nobody names any.

    Raises
    ------
    ValueError
        If a named field or group has no number in this run.
    """
    if numbers is None:
        numbers = Numbers(simulation, choose_fields(simulation, fields))
        numbers.read()
        if not isinstance(fields, (bool, type(None))):
            check_fields(simulation, numbers)
    names, hidden = _choose_groups(numbers, groups, most)
    only = f"group {names[0]}" if len(names) == 1 and names[0] else ""
    notes = (only, _and_more(hidden, "group"), _and_more(numbers.shown.hidden, "field"))
    return Scene(
        simulation.handler.__name__,
        tuple(_lines(simulation, numbers, names)),
        names,
        bool(simulation.outputs) and isinstance(simulation.outputs[0].item, Batch),
        tuple(note for note in notes if note),
        len(simulation.outputs) < LINE_SHARE * len(simulation.inputs),
        bool(simulation.inputs),
    )


def _lines(simulation: Simulation, numbers: Numbers, groups: Sequence[str]) -> Iterator[Line]:
    for sent, side in ((False, numbers.inputs), (True, numbers.outputs)):
        items: Sequence[Any] = simulation.outputs if sent else simulation.inputs
        for field, columns in side.items():
            drawn = {group: columns[group].sorted() for group in groups if group in columns}
            drawn = {group: data for group, data in drawn.items() if len(data[0])}
            logical = _only_0_and_1(values for _, values in drawn.values()) and _holds_bools(
                items, field
            )
            for group, (times, values) in drawn.items():
                yield Line(field, group, sent, times, values, numbers.sampled, logical)


def _only_0_and_1(parts: Iterable[Values]) -> bool:
    return all(bool(((values == 0) | (values == 1)).all()) for values in parts)


def _holds_bools(items: Sequence[Any], field: str) -> bool:
    """Return whether a field is True or False wherever a few items have it."""
    found = []
    for position in spread(0, len(items), _BOOL_SAMPLE):
        item: Point | Batch | Output = items[position]
        points = points_of(item.item if isinstance(item, Output) else item)[:1]
        found += [point.fields[field] for point in points if field in point.fields]
    return bool(found) and all(isinstance(value, bool) for value in found)


def _choose_groups(
    numbers: Numbers, wanted: str | Sequence[str] | None, most: int
) -> tuple[tuple[str, ...], int]:
    """Return the groups to draw, and how many others there are."""
    known = sorted_groups(numbers.groups)
    if wanted is None:
        return tuple(known[:most]), max(0, len(known) - most)
    chosen = (wanted,) if isinstance(wanted, str) else tuple(dict.fromkeys(wanted))
    for group in chosen:
        if group not in known:
            raise ValueError(missing_group(group, known))
    return chosen, 0


def missing_group(group: str, known: Sequence[str]) -> str:
    """Say that there is no such group, and which there are."""
    return f"no group {group!r} in this run{rather_than(group, known)}"


def check_fields(simulation: Simulation, numbers: Numbers) -> None:
    """Raise ValueError if one of the fields that were read has no number."""
    for text in missing_fields(simulation, numbers):
        raise ValueError(text)


def missing_fields(simulation: Simulation, numbers: Numbers) -> Iterator[str]:
    """Say of each of the fields that were read, and have no number, which it may be."""
    for name in dict.fromkeys((*numbers.inputs, *numbers.outputs)):
        if not (numbers.inputs.get(name) or numbers.outputs.get(name)):
            rather = rather_than(name, known_fields(simulation))
            yield f"no field {name!r} with numbers in the inputs or outputs of this run{rather}"


def rather_than(name: str, known: Sequence[str]) -> str:
    """Return the end of a text on a name that is not known: which may be meant, or are there."""
    if near := get_close_matches(name, known, _NEAR_MAX):
        return f"; did you mean {' or '.join(map(repr, near))}?"
    there = ", ".join(map(repr, known[:_THERE_MAX])) or "none"
    return f" (there are: {there}{', …' if len(known) > _THERE_MAX else ''})"


def sorted_groups(groups: Iterable[str]) -> list[str]:
    """Return ids of groups as people count: cpu2 stands before cpu10."""
    return sorted(groups, key=natural)


def _and_more(count: int, noun: str) -> str:
    return f"and {count} more {noun}{'' if count == 1 else 's'}" if count else ""
