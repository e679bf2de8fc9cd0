"""A picture of a sweep: small multiples, and precision over recall beside them.

It looks at a Sweep and changes nothing in it. Without pyplot, as all of this room.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from matplotlib.ticker import MaxNLocator

from kapnb.notebook._arguments import expect
from kapnb.notebook._axes import (
    COLOURS,
    INK,
    INPUT,
    MARKERS,
    Shown,
    days,
    new_figure,
    tidy,
    time_axis,
)
from kapnb.notebook._fields import choose_fields
from kapnb.notebook._figure import line_data, set_logical
from kapnb.notebook._numbers import Numbers
from kapnb.notebook._panels import arrange_panels
from kapnb.notebook._recall_plot import plot_precision_recall
from kapnb.notebook._scene import LINE_SHARE, Line, gather
from kapnb.simulation import Simulation
from kapnb.whatif import Sweep, Trial

__all__ = ["SweepPlot", "plot_sweep"]

_WANTED = "#E69F00"
#: Runs that get Axes of their own, and columns of them; and of a table of two options.
_PANELS_MAX, _COLUMNS_MAX, _TABLE_MAX = 24, 4, 6
_PIXELS = 400
#: In inches.
_CURVE_WIDTH = 3.4


def plot_sweep(
    sweep: Sweep,
    axes: Any = None,
    *,
    fields: str | Sequence[str] | None = None,
    groups: str | Sequence[str] | None = None,
) -> Any:
    """Plot the outputs of each run over event time, with shared axes.

    Parameters
    ----------
    sweep : Sweep
        With at least one run.
    axes : Axes or sequence of Axes, optional
        One for each run, in their order; runs beyond are left out, Axes beyond are switched off.
        By default a new figure of up to 24: with two options that vary one row a value of the
        first, and one column a value of the second.
    fields, groups : str or list of str, optional
        As in `plot_run`; by default what the first run with outputs shows.

    Returns
    -------
    array of Axes
        Those drawn into, in the order of the runs.

    Raises
    ------
    TypeError
        If `sweep` is something else.
    ValueError
        If there is no run, or a named field or group has no number in any.

    Notes
    -----
    Inputs are grey, outputs have a colour a group; of fields too different to share a scale only
    some are drawn, unless they are named. Alerts are ticks along the bottom, times to be found
    have a shaded ground, and the run that the sweep's rule chooses has a thick frame.

    Examples
    --------
    >>> from kapnb import Handler, Option, Point, sweep
    >>> class Peak(Handler):
    ...     limit = Option(float)
    ...
    ...     def point(self, point):
    ...         if point.fields["x"] > self.limit:
    ...             yield point
    >>> points = [Point({"x": float(n)}, time=n * 10**9) for n in range(9)]
    >>> axes = plot_sweep(sweep(Peak, points, limit=[3.5, 5.5], workers=1))
    >>> [ax.get_title(loc="left") for ax in axes]
    ['limit=3.5', 'limit=5.5']
    """
    _check(sweep, "plot_sweep")
    if axes is None:
        rows, columns = _grid_size(sweep)
        figure = new_figure(_width(columns), _height(rows))
        axes = _draw_runs(_multiples(figure, sweep), sweep, fields, groups)
        _legend(figure, axes)
        return axes
    return _draw_runs(axes, sweep, fields, groups)


def _draw_runs(
    axes: Any,
    sweep: Sweep,
    fields: str | Sequence[str] | None,
    groups: str | Sequence[str] | None,
) -> Any:
    given = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
    panels = _panels(sweep, fields, groups)
    chosen = sweep.operating_point()
    colours = list(dict.fromkeys(line.group for panel in panels for line in panel.lines))
    drawn = list(zip(given, panels, strict=False))
    for ax, panel in drawn:
        _draw_run(ax, panel, colours, sweep)
        if panel.run is chosen:
            _frame(ax)
    for ax in given[len(drawn) :]:
        ax.set_axis_off()
    _share([ax for ax, _ in drawn], panels[: len(drawn)])
    hidden = len(sweep.runs) - len(drawn)
    if hidden and drawn:
        text = f"and {hidden} more run{'' if hidden == 1 else 's'}"
        drawn[-1][0].set_title(text, loc="right", fontsize="x-small", color=INK)
    return given[: len(drawn)]


def _legend(figure: Any, axes: Sequence[Any]) -> None:
    """Say below the multiples what colours and marks mean; the same in all of them."""
    entries: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if len(entries) < 2:
        return
    legend = figure.legend(
        entries.values(),
        entries,
        loc="outside lower center",
        ncols=min(len(entries), 6),
        frameon=False,
        fontsize="x-small",
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


@dataclass(frozen=True)
class _Panel:
    """One run, and its lines."""

    run: Trial
    lines: tuple[Line, ...]
    inputs: Mapping[str, Line]  # of each group, drawn or not


def _check(sweep: Sweep, taker: str) -> None:
    expect(sweep, Sweep, f"{taker} takes a Sweep, as sweep() returns it")
    if not sweep.runs:
        raise ValueError("the sweep has no run to plot")


def _width(columns: int) -> float:
    """Return the inches that so many columns of multiples get."""
    return min(max(2.3 * columns, 4.6), 9.2)


def _height(rows: int) -> float:
    return 1.45 * rows + 0.9


def _grid_size(sweep: Sweep) -> tuple[int, int]:
    """Return rows and columns: a table of two options, else as many rows as it takes."""
    lengths = [len(values) for values in sweep.values.values()]
    if len(lengths) == 2 and not sweep.interrupted and lengths[1] <= _TABLE_MAX:
        rows = min(lengths[0], _PANELS_MAX // lengths[1])
        return rows, lengths[1]
    count = min(len(sweep.runs), _PANELS_MAX)
    columns = min(count, _COLUMNS_MAX)
    return math.ceil(count / columns), columns


def _multiples(figure: Any, sweep: Sweep) -> Any:
    rows, columns = _grid_size(sweep)
    return figure.subplots(rows, columns, squeeze=False).ravel()


def _panels(
    sweep: Sweep, fields: str | Sequence[str] | None, groups: str | Sequence[str] | None
) -> list[_Panel]:
    """Return the runs with their lines; all show the same fields of the same groups."""
    runs = sweep.runs[:_PANELS_MAX]
    model = next((run for run in sweep.runs if run.outputs), runs[0])
    scene = gather(_run(model), fields, groups)
    shown = {(line.field, line.sent) for line in _comparable(scene.lines, fields)}
    names = fields if fields is not None else tuple(dict.fromkeys(name for name, _ in shown))
    inputs = _inputs(scene.lines) or _inputs(gather(_run(model), None, groups).lines)
    wanted = scene.groups if groups is None else (groups,) if isinstance(groups, str) else groups
    panels = []
    for run in runs:
        found = _found(_run(run), names, wanted)
        lines = (line for line in found if fields is not None or (line.field, line.sent) in shown)
        panels.append(_Panel(run, tuple(lines), inputs))
    return panels


def _found(run: Simulation, names: str | Sequence[str], groups: Sequence[str]) -> tuple[Line, ...]:
    """Return the lines of a run; it may have some of the fields and groups only."""
    numbers = Numbers(run, choose_fields(run, names or None))
    numbers.read()
    there = [group for group in groups if group in numbers.groups]
    return gather(run, names or None, there, numbers).lines


def _inputs(lines: Sequence[Line]) -> dict[str, Line]:
    """Return what each group was given, of the field that most of its inputs have."""
    longest: dict[str, Line] = {}
    for line in lines:
        known = longest.get(line.group)
        if not line.sent and (known is None or len(line.times) > len(known.times)):
            longest[line.group] = line
    return longest


def _comparable(lines: Sequence[Line], fields: str | Sequence[str] | None) -> Sequence[Line]:
    """Return what can share one scale, with as many outputs as may be; all, if they are named.

    Fields that only say yes or no are left out beside others.
    """
    if fields is not None:
        return lines
    scaled = [line for line in lines if not line.sent or not np.isin(line.values, (0, 1)).all()]
    lines = scaled if any(line.sent for line in scaled) else lines
    return max(arrange_panels(lines), key=lambda panel: len(panel.outputs)).lines


def _run(trial: Any) -> Simulation:
    return cast("Simulation", trial)  # of a run of a sweep the same is known


def _draw_run(ax: Any, panel: _Panel, groups: Sequence[str], sweep: Sweep) -> None:
    _shade(ax, sweep)
    for line in panel.lines:
        number = groups.index(line.group) % len(COLOURS)
        label = (line.group.replace("\n", " ") or line.field) if line.sent else "input"
        look = _look(line, panel, number)
        times, values, marks = line_data(line, look, _PIXELS)
        ax.plot(days(times), values, label=label, **{**look, **marks})
    alerts = sweep.alerts.get(panel.run.position)
    if alerts is not None:
        rug = {"transform": ax.get_xaxis_transform(), "color": INK, "markersize": 5, "zorder": 4}
        times = np.array(alerts.times, dtype=np.int64)
        ax.plot(days(times), np.full(len(times), 0.04), "|", label="alert", **rug)
    title = ax.set_title(panel.run.label, loc="left", fontsize="small")
    title.set_parse_math(False)
    text = "" if any(line.sent for line in panel.lines) else "no output"
    if panel.run.error is not None:
        text = f"ended early:\n{type(panel.run.error).__name__}"
    elif panel.run.unjudged is not None:
        text = "not judged"
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize="small")
    tidy(ax)
    ax.tick_params(labelsize="x-small")


def _look(line: Line, panel: _Panel, number: int) -> dict[str, Any]:
    """Return a line's look; outputs that answer few inputs are marks."""
    if not line.sent:
        return {"color": INPUT, "linestyle": "-", "linewidth": 0.6, "zorder": 2}
    look = {"color": COLOURS[number], "zorder": 3, "markeredgewidth": 0}
    given = panel.inputs.get(line.group)
    if given is not None and len(line.times) < LINE_SHARE * len(given.times):
        return {**look, "linestyle": "none", "marker": MARKERS[number], "markersize": 2.5}
    return {**look, "linestyle": "-", "linewidth": 1.0}


def _shade(ax: Any, sweep: Sweep) -> None:
    """Shade the times to be found."""
    if sweep.truth is None:
        return
    label = "to be found"
    for _, spans in sweep.truth.runs(sweep.truth.marks.__getitem__):
        for start, stop in spans:
            ends = days(np.array([start, stop]))
            ax.axvspan(*ends, color=_WANTED, alpha=0.25, linewidth=0.8, label=label)
            label = ""


def _frame(ax: Any) -> None:
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color(COLOURS[0])
        spine.set_linewidth(2.0)
    title = ax.set_title(ax.get_title(loc="left"), loc="left", fontsize="small", fontweight="bold")
    title.set_parse_math(False)


def _share(axes: Sequence[Any], panels: Sequence[_Panel]) -> None:
    """Give all the same limits, and labels to those at the left and at the bottom."""
    lines = [line for panel in panels for line in panel.lines]
    given = panels[0].inputs.values() if panels else ()
    bottom = _bottom_row(axes)
    left = _left_column(axes)
    low = min((float(line.values.min()) for line in lines), default=0.0)
    high = max((float(line.values.max()) for line in lines), default=1.0)
    pad = 0.05 * (high - low) or 1.0
    fields = ", ".join(dict.fromkeys(line.field for line in lines))
    for ax in axes:
        # Of several columns only the first has room for the day.
        time_axis(ax, [*lines, *given], labelled=ax in bottom, dated=ax in left, fontsize="x-small")
        ax.set_ylim(low - pad, high + pad)
        ax.yaxis.set_major_locator(MaxNLocator(4))
        if lines and all(line.logical for line in lines):
            set_logical(ax)
        if ax in left:
            ax.set_ylabel(fields, fontsize="small").set_parse_math(False)
        else:
            ax.tick_params(labelleft=False)


def _bottom_row(axes: Sequence[Any]) -> list[Any]:
    """Return the lowest drawn Axes of each column; all, if they are of no grid."""
    places = [ax.get_subplotspec() for ax in axes]
    if None in places:
        return list(axes)
    lowest: dict[int, Any] = {}
    for ax, place in zip(axes, places, strict=True):
        lowest[place.colspan.start] = ax
    return list(lowest.values())


def _left_column(axes: Sequence[Any]) -> list[Any]:
    places = [ax.get_subplotspec() for ax in axes]
    if None in places:
        return list(axes)
    first = min((place.colspan.start for place in places), default=0)
    return [ax for ax, place in zip(axes, places, strict=True) if place.colspan.start == first]


class SweepPlot(Shown):
    """A sweep's picture: small multiples and, with labels, precision over recall.

    Parameters
    ----------
    sweep : Sweep
    fields, groups : str or list of str, optional
        As in `plot_sweep`.

    Attributes
    ----------
    figure : matplotlib Figure
        Unknown to pyplot, so nothing shows it a second time.
    axes : array of Axes
        One for each run.
    curve : Axes or None
        That of precision and recall.
    """

    def __init__(
        self,
        sweep: Sweep,
        *,
        fields: str | Sequence[str] | None = None,
        groups: str | Sequence[str] | None = None,
    ) -> None:
        _check(sweep, "SweepPlot")
        self._text = f"SweepPlot({sweep.handler.__name__}: {len(sweep.runs)} runs)"
        rows, columns = _grid_size(sweep)
        scored = sweep.truth is not None
        width = _width(columns) + (_CURVE_WIDTH if scored else 0.0)
        self.figure = new_figure(width, _height(max(rows, 2 if scored else 1)))
        if not scored:
            left, self.curve = self.figure, None
        else:
            widths = [_width(columns), _CURVE_WIDTH]
            left, right = self.figure.subfigures(1, 2, width_ratios=widths)
            self.curve = plot_precision_recall(sweep, right.subplots())
        self.axes = _draw_runs(_multiples(left, sweep), sweep, fields, groups)
        _legend(left, self.axes)

    def __repr__(self) -> str:
        return self._text
