"""What stands out in a live picture: thresholds and anomalies, and where each is to be seen.

Which are wanted is checked beforehand; how they look is for whoever draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kapnb.model import Point, format_time
from kapnb.notebook._fields import Shown, known_fields, points_of, spread
from kapnb.notebook._numbers import Numbers, decimate, encoded_points
from kapnb.notebook._panels import Panel, arrange_panels
from kapnb.notebook._scene import Scene, missing_fields, rather_than
from kapnb.protocol import maybe_true
from kapnb.simulation import Output, Simulation
from kapnb.simulation._items import Outputs

__all__ = [
    "Anomalies",
    "Mark",
    "Marks",
    "Threshold",
    "Thresholds",
    "parse_anomalies",
    "parse_thresholds",
]

#: A number, the name of a field, a mapping of name to number, or several of these.
Thresholds = float | str | Mapping[str, float] | Sequence[Any] | None
#: True for all outputs, a field that is true, or a predicate on a point of the outputs.
Anomalies = bool | str | Callable[[Point], Any] | None

#: Rings drawn at most; of more, a spread selection is.
_RINGS_MAX = 2000


@dataclass(frozen=True)
class Mark:
    """Something to lay over a panel.

    Attributes
    ----------
    kind : {"level", "limit", "rings"}
        A line at one height, a line along points, or a ring around each.
    panel : int
        Which, from the top.
    times : numpy array
        In nanoseconds since the Unix epoch; the ends of a level.
    values : numpy array
        Heights.
    text : str
        What to write at the right end of a line.
    """

    kind: Literal["level", "limit", "rings"]
    panel: int
    times: Any
    values: Any
    text: str = ""


@dataclass(frozen=True)
class Threshold:
    """One limit: a number, perhaps named, or a field that holds it.

    Attributes
    ----------
    name : str
        The field it is about, or what to call it; empty for a bare number.
    value : float or None
        None if the field of that name is the limit.
    """

    name: str
    value: float | None


def parse_thresholds(wanted: Thresholds) -> tuple[Threshold, ...]:
    """Return the thresholds that a caller means.

    Raises
    ------
    ValueError
        If something is neither a number, nor a name, nor a mapping of name to number.

    Examples
    --------
    >>> parse_thresholds(80)
    (Threshold(name='', value=80.0),)
    >>> parse_thresholds(["upper", {"mean": 50}])
    (Threshold(name='upper', value=None), Threshold(name='mean', value=50.0))
    """
    return tuple(_thresholds(wanted))


def _thresholds(wanted: Any) -> Iterator[Threshold]:
    if wanted is None:
        return
    if isinstance(wanted, str):
        yield Threshold(wanted, None)
    elif isinstance(wanted, Mapping):
        for name, value in wanted.items():
            yield Threshold(str(name), _number(value))
    elif isinstance(wanted, (list, tuple, set)):
        for one in wanted:
            yield from _thresholds(one)
    else:
        yield Threshold("", _number(wanted))


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(
            "a threshold is a number, the name of a field, or a mapping of name to number, "
            f"not {value!r}"
        ) from None


class Marks:
    """The thresholds and anomalies of one run, as far as they were read.

    Parameters
    ----------
    simulation : Simulation
        May still be running, in the thread that reads.
    thresholds : sequence of Threshold
    anomalies : bool or str or callable
        Which outputs are anomalies.
    """

    def __init__(
        self, simulation: Simulation, thresholds: Sequence[Threshold], anomalies: Anomalies
    ) -> None:
        self._simulation = simulation
        self._thresholds = thresholds
        self._anomalies = anomalies
        self._is_anomaly = parse_anomalies(anomalies)
        names = tuple(one.name for one in thresholds if one.value is None)
        self._limits = Numbers(simulation, Shown(names, names))
        #: Group, time, and the fields by which its height is found.
        self._found: list[tuple[str, int, dict[str, float]]] = []
        self._read = 0
        #: Whether an output has the field that `anomalies` names.
        self._named = False

    def read(self, most: int | None = None) -> None:
        """Read what is new; of more than `most` outputs a spread selection.

        Raises
        ------
        ValueError
            If the function that finds anomalies fails.
        """
        self._limits.read(most)
        outputs = self._simulation.outputs
        start, self._read = self._read, len(outputs)
        if self._is_anomaly is None:
            return
        size = self._read - start
        chosen = spread(start, self._read, most if most is not None else size)
        if isinstance(self._anomalies, str) and isinstance(outputs, Outputs):
            chosen = self._likely(outputs, chosen, self._anomalies)
        for position in chosen:
            self._look(outputs[position])

    def _likely(self, outputs: Outputs, chosen: Sequence[int], name: str) -> Sequence[int]:
        """Leave out points of which a look at the bytes of all says that they are no anomaly."""
        points = encoded_points(outputs, chosen)
        if points is None:
            return chosen
        likely = maybe_true(points, name)
        self._named |= len(likely) < len(points)  # the others have it, as 0
        return [chosen[place] for place in likely]

    def _look(self, output: Output) -> None:
        for point in points_of(output.item):
            self._named |= isinstance(self._anomalies, str) and self._anomalies in point.fields
            if self._judge(point, output.item.group):
                values = dict(_numbers_of(point))
                if output.input >= 0:
                    (*_, given) = points_of(self._simulation.inputs[output.input]) or (point,)
                    values = dict(_numbers_of(given)) | values
                self._found.append((output.item.group, point.time, values))

    def _judge(self, point: Point, group: str) -> Any:
        """Return whether a point is an anomaly; a function that fails is named with the point."""
        assert self._is_anomaly is not None
        try:
            return self._is_anomaly(point)
        except Exception as error:
            name = getattr(self._anomalies, "__name__", type(self._anomalies).__name__)
            where = f"the output of {format_time(point.time)}{group and f', group {group!r}'}"
            kind = next(one for one in type(error).__mro__ if not one.__name__.startswith("_"))
            raise ValueError(
                f"anomalies={name} raised {kind.__name__}: {error}, for {where}, "
                f"whose fields are {', '.join(map(repr, point.fields)) or 'none'}"
            ) from error

    def missing(self) -> Iterator[str]:
        """Say of each field that was named, and is nowhere in what was read, which it may be."""
        yield from missing_fields(self._simulation, self._limits)
        name = self._anomalies
        if isinstance(name, str) and self._read and not self._named:
            rather = rather_than(name, known_fields(self._simulation, sent=True))
            yield f"no output of this run has the field {name!r}{rather}"

    def shown(self, scene: Scene, *, columns: int) -> list[Mark]:
        """Return what is over a scene; lines are reduced to so many columns of pixels."""
        panels = arrange_panels(scene.lines)
        if not scene.lines:
            return []
        marks: list[Mark] = []
        for threshold in self._thresholds:
            place = _place_of(threshold.name, panels)
            if threshold.value is None:
                marks += self._limit(threshold.name, place, scene.groups, columns)
            else:
                text = f"{threshold.name} {threshold.value:g}".strip()
                level = np.full(2, threshold.value)
                marks.append(Mark("level", place, np.array(scene.ends), level, text))
        for place, panel in enumerate(panels):
            marks += self._rings(place, panel, scene.groups)
        return marks

    def _limit(self, name: str, place: int, groups: Sequence[str], columns: int) -> Iterator[Mark]:
        """Yield a field that is a limit; an output's goes before an input's of that name."""
        side = self._limits.outputs[name] or self._limits.inputs[name]
        for group in groups:
            if group in side:
                times, values = decimate(*side[group].sorted(), columns)
                yield Mark("limit", place, times, values, name)

    def _rings(self, place: int, panel: Panel, groups: Sequence[str]) -> Iterator[Mark]:
        names = (*panel.outputs, *panel.inputs)
        times: list[int] = []
        heights: list[float] = []
        for number in spread(0, len(self._found), _RINGS_MAX):
            group, time, values = self._found[number]
            height = next((values[name] for name in names if name in values), None)
            if height is not None and group in groups:
                times.append(time)
                heights.append(height)
        if times:
            yield Mark("rings", place, np.array(times, dtype=np.int64), np.array(heights))


def parse_anomalies(anomalies: Anomalies) -> Callable[[Point], Any] | None:
    """Return what says of a point whether it is an anomaly; None if nothing is one.

    Raises
    ------
    ValueError
        If it is neither a bool, nor a name, nor a function.
    """
    if anomalies is None or anomalies is False:
        return None
    if anomalies is True:
        return lambda point: True
    if isinstance(anomalies, str):
        name = anomalies
        return lambda point: name in point.fields and point.fields[name]
    if callable(anomalies):
        return anomalies
    raise ValueError(
        "anomalies is True for all outputs, the name of a field that is true, or a function of "
        f"a point, not {anomalies!r}"
    )


def _numbers_of(point: Point) -> Iterator[tuple[str, float]]:
    for name, value in point.fields.items():
        if not isinstance(value, (str, bool)):
            yield name, float(value)


def _place_of(name: str, panels: Sequence[Panel]) -> int:
    """Return the panel that has a field; else the first with numbers of outputs, or the first."""
    for place, panel in enumerate(panels):
        if name and name in (*panel.outputs, *panel.inputs):
            return place
    scaled = [place for place, panel in enumerate(panels) if not panel.logical] or [0]
    return next((place for place in scaled if panels[place].outputs), scaled[0])
