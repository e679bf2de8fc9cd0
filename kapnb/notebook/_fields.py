"""Which fields of a run are worth drawing.

A choice from names and a sample of points; no drawing and no numbers here. It is the same
whenever it is asked about the same run, so a live plot ends as the still one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from kapnb.handler import Handler
from kapnb.model import Batch, Point
from kapnb.simulation import Simulation

__all__ = ["Shown", "Wanted", "choose_fields", "known_fields", "points_of", "spread"]

_T = TypeVar("_T")

#: Fields as a caller names them; True and None leave the choice to `choose_fields`.
Wanted = bool | str | Sequence[str] | None

#: Outputs, and inputs, that are looked at to learn the fields.
_SAMPLE = 256
#: Points of one sampled batch that are looked at.
_BATCH_SAMPLE = 16
#: Fields drawn if nobody names any.
_FIELDS_MAX = 4


@dataclass(frozen=True)
class Shown:
    """The fields to draw.

    Attributes
    ----------
    inputs, outputs : tuple of str
        Field names to read from the inputs and from the outputs.
    hidden : int
        Number of fields of the outputs left out because they would be too many.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    hidden: int = 0


def choose_fields(simulation: Simulation, wanted: Wanted = None) -> Shown:
    """Return the fields to draw.

    Parameters
    ----------
    simulation : Simulation
        A run, finished or not.
    wanted : bool or str or sequence of str, optional
        Names, looked up in inputs and outputs. True and None mean those numeric fields of
        the outputs that are new, or whose values differ from the input's. Behind them go the
        inputs of the same names and the one input field that the Handler is about.

    Notes
    -----
    The field a Handler *is about* is one that its options hold or its data methods spell
    out, if there is exactly one such field, or else the only numeric field there is.
    """
    if wanted is False:
        return Shown()
    before = list(_numeric(_sampled_points(simulation.inputs)))
    if isinstance(wanted, str):
        wanted = (wanted,)
    if wanted is not None and wanted is not True:
        return _named(simulation, dict.fromkeys(wanted), before)
    fresh, carried = _changed(simulation, before)
    about = _about(simulation, before)
    if fresh:
        behind = [name for name in fresh if name in before]
        behind += [name for name in about if name not in behind] if len(about) == 1 else []
        outputs = list(fresh)
    else:  # a Handler that filters, or one that has sent nothing yet
        outputs = [name for name in about if name in carried] or list(carried)
        behind = outputs or about or before
    chosen = outputs[:_FIELDS_MAX]
    return Shown(
        tuple(name for name in behind if name in chosen or name not in outputs)[:_FIELDS_MAX],
        tuple(chosen),
        len(outputs) - len(chosen),
    )


def known_fields(simulation: Simulation, *, sent: bool = False) -> list[str]:
    """Return names of fields that a sample of the run has.

    Parameters
    ----------
    simulation : Simulation
        A run, finished or not.
    sent : bool, default: False
        Whether all fields of the outputs are meant, in place of those with numbers on either
        side.
    """
    outputs = (output.item for output in _sample(simulation.outputs))
    points = [point for item in outputs for point in _sample(points_of(item), _BATCH_SAMPLE)]
    if sent:
        return list(dict.fromkeys(name for point in points for name in point.fields))
    return list(_numeric([*_sampled_points(simulation.inputs), *points]))


def points_of(item: Point | Batch) -> Sequence[Point]:
    """Return the points of a Batch, or the Point alone."""
    return item.points if isinstance(item, Batch) else (item,)


def spread(start: int, stop: int, most: int) -> Sequence[int]:
    """Return at most `most` positions from `start` to `stop`, evenly spread.

    Steps of one length would see one group out of many that take turns; these are multiples
    of the golden ratio, which fall evenly and in step with nothing.
    """
    size = stop - start
    if size <= most:
        return range(start, stop)
    golden = 0.618033988749895
    return sorted({start + int(size * (number * golden % 1.0)) for number in range(most)})


def _named(simulation: Simulation, names: Iterable[str], before: Sequence[str]) -> Shown:
    """Look the wanted names up; what a Handler only passes on is drawn as an input."""
    fresh, carried = _changed(simulation, before)
    names = list(names)
    outputs = [name for name in names if name in fresh or name not in before]
    outputs = outputs or [name for name in names if name in carried]
    return Shown(tuple(name for name in names if name in before), tuple(outputs))


def _changed(
    simulation: Simulation, before: Sequence[str]
) -> tuple[dict[str, None], dict[str, None]]:
    """Return the outputs' numeric fields: new or changed ones, and all of them."""
    known = set(before)
    fresh: dict[str, None] = {}
    carried: dict[str, None] = {}
    for point, origin in _sampled_pairs(simulation):
        for name, value in point.fields.items():
            if isinstance(value, str):
                continue
            carried[name] = None
            if name not in known or origin is None or origin.fields.get(name) != value:
                fresh[name] = None
    return fresh, carried


def _sampled_pairs(simulation: Simulation) -> Iterator[tuple[Point, Point | None]]:
    """Yield sent points, each with the input point it may be compared with."""
    outputs = simulation.outputs
    for position in spread(0, len(outputs), _SAMPLE):
        output = outputs[position]
        sent = points_of(output.item)
        given = points_of(simulation.inputs[output.input]) if output.input >= 0 else ()
        for number in spread(0, len(sent), _BATCH_SAMPLE):
            point = sent[number]
            origin = given[number] if len(given) == len(sent) else None
            yield point, origin if origin is not None and origin.time == point.time else None


def _sampled_points(items: Sequence[Point | Batch]) -> Iterator[Point]:
    for item in _sample(items):
        yield from _sample(points_of(item), _BATCH_SAMPLE)


def _sample(items: Sequence[_T], most: int = _SAMPLE) -> Iterator[_T]:
    return (items[position] for position in spread(0, len(items), most))


def _numeric(points: Iterable[Point]) -> dict[str, None]:
    return {
        name: None
        for point in points
        for name, value in point.fields.items()
        if not isinstance(value, str)
    }


def _about(simulation: Simulation, before: Sequence[str]) -> list[str]:
    """Return the input fields that the Handler speaks of."""
    words = set(_words(simulation.options.values()))
    for attribute, option in simulation.handler.handler_shape.options.items():
        if option.name not in simulation.options and attribute not in simulation.options:
            words.update(_words([option.default]))
    about = [name for name in before if name in words]
    about = about or [name for name in before if name in _literals(simulation.handler)]
    return about or list(before if len(before) == 1 else ())


def _words(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _words(value)


def _literals(handler: type[Handler]) -> set[str]:
    """Return the words in the data methods' own code, as in ``point.fields["usage"]``."""
    codes = (
        getattr(getattr(handler, name, None), "__code__", None)
        for name in handler.handler_shape.takes_state
    )
    return {word for code in codes if code is not None for word in _words(code.co_consts)}
