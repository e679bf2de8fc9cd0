"""A picture of what a sweep found: precision over recall, and the operating point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kapnb.notebook._arguments import expect
from kapnb.notebook._axes import COLOURS, INK, INPUT, MARKERS, new_figure, tidy
from kapnb.whatif import Sweep, Trial

__all__ = ["plot_precision_recall"]

#: Curves that get a colour and a name.
_CURVES_MAX = 6


def plot_precision_recall(sweep: Sweep, ax: Any = None) -> Any:
    """Plot precision over recall, one mark a run, the operating point ringed.

    Parameters
    ----------
    sweep : Sweep
        With labels.
    ax : Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    Axes
        `ax`, or the new one.

    Raises
    ------
    TypeError
        If `sweep` is something else.
    ValueError
        If there are no labels.

    Notes
    -----
    Runs that differ in one option only, the one with the most values, are joined in the order of
    its values. The operating point is the sweep's; `Sweep.choose` sets the rule. The dashed line
    is where F1 is as there.

    Examples
    --------
    >>> from kapnb import Handler, Option, Point, sweep
    >>> class Peak(Handler):
    ...     limit = Option(float)
    ...
    ...     def point(self, point):
    ...         if point.fields["x"] > self.limit:
    ...             yield point
    >>> points = [Point({"x": float(n), "odd": n > 6}, time=n) for n in range(10)]
    >>> found = sweep(Peak, points, labels="odd", limit=[2.5, 6.5, 8.5], workers=1)
    >>> plot_precision_recall(found).get_xlabel()
    'recall (share of the labelled points)'
    """
    expect(sweep, Sweep, "plot_precision_recall takes a Sweep, as sweep() returns it")
    if sweep.truth is None:
        raise ValueError("the sweep has no labels, so there is neither precision nor recall")
    if ax is None:
        ax = new_figure(4.6, 3.8).subplots()
    curves = list(_curves(sweep))
    for number, (label, runs) in enumerate(curves):
        points = [(run.score.recall, run.score.precision) for run in runs if run.score is not None]
        named = number < _CURVES_MAX
        ax.plot(
            [point[0] for point in points],
            [point[1] for point in points],
            color=COLOURS[number] if named else INPUT,
            marker=MARKERS[number] if named else ".",
            markersize=4,
            linewidth=0.9,
            label=label if named else None,
        )
    _mark_chosen(ax, sweep)
    what = "events" if sweep.match == "events" else "points"
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.06))
    ax.set_xlabel(f"recall (share of the labelled {what})", fontsize="small")
    ax.set_ylabel("precision (share of the alerts)", fontsize="small")
    ax.tick_params(labelsize="x-small")
    tidy(ax)
    if ax.get_legend_handles_labels()[1]:  # none, if no option varies and no run has a score
        legend = ax.legend(fontsize="x-small", frameon=False, loc="best")
        for text in legend.get_texts():
            text.set_parse_math(False)
    return ax


def _curves(sweep: Sweep) -> Iterator[tuple[str, list[Trial]]]:
    """Yield runs that differ in the option with the most values, with what they share."""
    along = max(sweep.values, key=lambda name: len(sweep.values[name]), default="")
    curves: dict[str, list[Trial]] = {}
    for run in sweep.runs:
        others = [f"{name}={value!r}" for name, value in run.chosen.items() if name != along]
        curves.setdefault(", ".join(others), []).append(run)
    for shared, runs in curves.items():
        yield f"{along} along {shared}" if shared and len(curves) == 1 else shared or along, runs


def _mark_chosen(ax: Any, sweep: Sweep) -> None:
    chosen = sweep.operating_point()
    if chosen is None or chosen.score is None:
        return
    recall, precision, f1 = chosen.score.recall, chosen.score.precision, chosen.score.f1
    label = f"{chosen.label}\nrecall {recall:.3g}, precision {precision:.3g}"
    ring = {"markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 1.6}
    ax.plot([recall], [precision], "o", markersize=11, zorder=5, label=label, **ring)
    if 0 < f1 <= 1:
        x = np.linspace(f1 / (2 - f1), 1, 100)
        style = {"color": INK, "linewidth": 0.7, "linestyle": "--", "zorder": 1}
        ax.plot(x, f1 * x / (2 * x - f1), label=f"F1 = {f1:.3g}", **style)
