"""A picture of a comparison: one field of two runs, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from kapnb.notebook._arguments import expect
from kapnb.notebook._axes import COLOURS, INK, MARKERS, Shown, days, new_figure, tidy, time_axis
from kapnb.notebook._figure import line_data, set_logical
from kapnb.notebook._scene import Line, gather
from kapnb.simulation import Simulation
from kapnb.whatif import Comparison

__all__ = ["ComparisonPlot", "plot_comparison"]

_PIXELS = 800
#: Lines of so few outputs mark each of them.
_MARKED_MAX = 40


def plot_comparison(
    comparison: Comparison,
    ax: Any = None,
    *,
    field: str | None = None,
    groups: str | Sequence[str] | None = None,
) -> Any:
    """Plot one field of two runs over event time, with a mark wherever they differ.

    Parameters
    ----------
    comparison : Comparison
    ax : Axes, optional
        Where to draw; by default in a new figure.
    field : str, optional
        By default the one that differs most often, else the first that `plot_run` would draw.
    groups : str or list of str, optional
        Ids of the groups to draw; by default the first six.

    Returns
    -------
    Axes
        `ax`, or the new one.

    Raises
    ------
    TypeError
        If `comparison` is something else.
    ValueError
        If the field or a group has no number in either run.

    Examples
    --------
    >>> from kapnb import Handler, Point, compare
    >>> class Half(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(y=point.fields["x"] / 2)
    >>> class Rounded(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(y=float(round(point.fields["x"] / 2)))
    >>> points = [Point({"x": float(n)}, time=n * 10**9) for n in range(4)]
    >>> ax = plot_comparison(compare(Half, Rounded, points))
    >>> ax.get_ylabel(), [entry.get_text() for entry in ax.get_legend().get_texts()]
    ('y', ['a: Half', 'b: Rounded', '2 differences'])
    """
    _check(comparison, "plot_comparison")
    if ax is None:
        ax = new_figure(8, 2.8).subplots()
    named, field = field, field or next(iter(comparison.fields), None)
    lines: list[Line] = []
    for number, run in enumerate((comparison.a, comparison.b)):
        found, rare = _sent(run, field, groups)
        field = field or (found[0].field if found else None)
        lines += found
        for place, line in enumerate(found):
            look = {"linestyle": ("-", "--")[number], "linewidth": (2.2, 1.1)[number]}
            if place in rare:
                look = {
                    "linestyle": "none",
                    "marker": MARKERS[number],
                    "markersize": (7, 3)[number],
                }
            elif len(line.times) <= _MARKED_MAX:
                look |= {"marker": MARKERS[number], "markersize": 3}
            times, values, alone = line_data(line, look, _PIXELS)
            label = f"{'ab'[number]}: {comparison.names[number]}" if not place else None
            ax.plot(days(times), values, color=COLOURS[number], label=label, **{**look, **alone})
    if named and not lines:
        raise ValueError(f"no field {named!r} with numbers in the outputs of either run")
    wanted = (groups,) if isinstance(groups, str) else groups
    marks = [
        _time_of(one) for one in comparison.differences if wanted is None or one.group in wanted
    ]
    if marks:
        text = f"{len(marks)} difference{'' if len(marks) == 1 else 's'}"
        ax.plot(
            days(np.array(marks, dtype=np.int64)),
            [0.02] * len(marks),
            "|",
            color=INK,
            markersize=9,
            transform=ax.get_xaxis_transform(),
            label=text,
        )
    time_axis(ax, lines)
    ax.set_ylabel(field or "").set_parse_math(False)
    tidy(ax)
    if lines and all(line.logical for line in lines):
        set_logical(ax)
    handles, labels = ax.get_legend_handles_labels()
    beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.03)}
    legend = ax.legend(handles, labels, frameon=False, fontsize="small", **beside)
    for entry in legend.get_texts():
        entry.set_parse_math(False)
    return ax


def _sent(
    run: Any, field: str | None, groups: str | Sequence[str] | None
) -> tuple[list[Line], set[int]]:
    """Return the lines of a field of the outputs, or of the first field there is.

    And the places of those that are events, which no line joins.
    """
    try:
        scene = gather(cast("Simulation", run), field, groups)
    except ValueError:
        return [], set()  # the other run has it
    field = field or next(iter(scene.outputs), None)
    lines = [line for line in scene.lines if line.sent and line.field == field]
    return lines, {place for place, line in enumerate(lines) if scene.rare(line)}


def _check(comparison: Comparison, taker: str) -> None:
    expect(comparison, Comparison, f"{taker} takes a Comparison, as compare() returns it")


def _time_of(difference: Any) -> int:
    item = difference.a if difference.a is not None else difference.b
    return int(item.tmax if hasattr(item, "points") else item.time)


class ComparisonPlot(Shown):
    """A comparison's picture.

    Parameters
    ----------
    comparison : Comparison
    **settings
        As in `plot_comparison`.

    Attributes
    ----------
    figure : matplotlib Figure
        Unknown to pyplot, so nothing shows it a second time.
    ax : Axes
    """

    def __init__(self, comparison: Comparison, **settings: Any) -> None:
        _check(comparison, "ComparisonPlot")
        self._text = f"ComparisonPlot({' and '.join(comparison.names)})"
        self.ax = plot_comparison(comparison, **settings)
        self.figure = self.ax.figure

    def __repr__(self) -> str:
        return self._text
