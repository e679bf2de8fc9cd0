"""What stands out in a live picture: thresholds as lines, anomalies as rings.

They are laid over a figure that is drawn already; which are wanted is checked beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kapnb.model import Point, format_time
from kapnb.notebook._fields import Shown, known_fields, points_of, spread
from kapnb.notebook._numbers import Numbers, decimate, encoded_points
from kapnb.notebook._panels import Panel, arrange_panels
from kapnb.notebook._scene import Scene, missing_fields, rather_than
from kapnb.notebook._time_scale import TimeScale
from kapnb.protocol import maybe_true
from kapnb.simulation import Output, Simulation
from kapnb.simulation._items import Outputs

__all__ = [
    "Anomalies",
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
_LINE = {"color": "black", "linewidth": 1.0, "linestyle": (0, (4, 3)), "zorder": 1.9}
_RING = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 9,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 1.3,
}


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

    def draw(self, figure: Any, scene: Scene, *, columns: int) -> list[Any]:
        """Lay them over a figure that shows `scene`; return what was added."""
        panels = arrange_panels(scene.lines)
        if not scene.lines:
            return []
        added: list[Any] = []
        scale = TimeScale(scene.ends)
        for threshold in self._thresholds:
            place = _place_of(threshold.name, panels)
            ax = figure.axes[place]
            if threshold.value is not None:
                added.append(ax.axhline(threshold.value, **_LINE))
                added.append(_label(ax, _text_of(threshold), threshold.value))
            else:
                added += self._draw_limit(ax, scale, threshold.name, scene.groups, columns)
        for ax, panel in zip(figure.axes, panels, strict=False):
            added += self._draw_rings(ax, scale, panel, scene.groups)
        return added

    def _draw_limit(
        self, ax: Any, scale: TimeScale, name: str, groups: Sequence[str], columns: int
    ) -> Iterator[Any]:
        """Draw a field that is a limit; an output's goes before an input's of that name."""
        side = self._limits.outputs[name] or self._limits.inputs[name]
        for group in groups:
            if group in side:
                times, values = decimate(*side[group].sorted(), columns)
                yield from ax.plot(scale(times), values, **_LINE)
                if len(values):
                    yield _label(ax, name, float(values[-1]))

    def _draw_rings(
        self, ax: Any, scale: TimeScale, panel: Panel, groups: Sequence[str]
    ) -> Sequence[Any]:
        import numpy as np

        names = (*panel.outputs, *panel.inputs)
        times: list[int] = []
        heights: list[float] = []
        for place in spread(0, len(self._found), _RINGS_MAX):
            group, time, values = self._found[place]
            height = next((values[name] for name in names if name in values), None)
            if height is not None and group in groups:
                times.append(time)
                heights.append(height)
        if not times:
            return ()
        rings: Sequence[Any] = ax.plot(scale(np.array(times, dtype=np.int64)), heights, **_RING)
        return rings


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
    """Return the panel that has a field; else the first with outputs, or the first."""
    for place, panel in enumerate(panels):
        if name and name in (*panel.outputs, *panel.inputs):
            return place
    return next((place for place, panel in enumerate(panels) if panel.outputs), 0)


def _text_of(threshold: Threshold) -> str:
    return f"{threshold.name} {threshold.value:g}".strip()


def _label(ax: Any, text: str, height: float) -> Any:
    note = ax.annotate(
        text,
        (1, height),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize="x-small",
        annotation_clip=True,
    )
    note.set_parse_math(False)
    return note
