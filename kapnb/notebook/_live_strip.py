"""The strip under a live picture: what a `Meter` has measured, and small curves of it.

It belongs in an image, never in text: no two runs give the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.lines import Line2D

from kapnb.notebook._live_meter import READINGS_MAX, Reading, call_limits

__all__ = ["Cell", "add_strip", "add_titles", "add_values", "cells", "make_room"]

_INCHES = 0.5
#: Of each cell, as shares of the width: where it begins, and how far from there its curve.
_LEFT, _CURVES = (0.02, 0.22, 0.40, 0.80), (0.11, 0.09, 0.29, 0.1)
_INK, _FAINT, _ALARM = "#222222", "#777777", "#D55E00"


@dataclass(frozen=True)
class Cell:
    """One value of the strip, and those before it."""

    title: str
    value: str
    curve: Sequence[float]
    alarm: bool = False


def cells(readings: Sequence[Reading], timeout_s: float) -> tuple[Cell, ...]:
    """Return what the strip shows of some readings; nothing if there are none."""
    if not readings:
        return ()
    last = readings[-1]
    mean_max, one_max = call_limits(timeout_s)
    state = "not known" if last.state is None else _bytes(last.state)
    return (
        Cell("rate", f"{_count(last.rate)} inputs/s", [one.rate for one in readings]),
        Cell("behind its pace", _seconds(last.backlog_s), [one.backlog_s for one in readings]),
        Cell(
            f"per call, limit {_seconds(mean_max)} at timeout {timeout_s:g} s",
            f"{_seconds(last.call_s)}, longest < {_seconds(last.longest_s)}",
            [one.call_s for one in readings],
            last.call_s > mean_max or last.longest_s > one_max,
        ),
        Cell("state", state, [float(one.state or 0) for one in readings]),
    )


def add_strip(figure: Any, shown: Sequence[Cell]) -> None:
    """Make a figure taller by a strip; without cells it stays empty.

    Parameters
    ----------
    figure : matplotlib Figure
        As `draw_figure` makes it.
    shown : sequence of Cell
        As `cells` gives them.
    """
    make_room(figure)
    add_titles(figure, shown)
    add_values(figure, shown)


def make_room(figure: Any) -> None:
    """Make a figure taller by an empty strip."""
    width, height = figure.get_size_inches()
    taller = height + _INCHES
    figure.set_size_inches(width, taller)
    grid = figure.axes[0].get_subplotspec().get_gridspec()
    place = grid.get_subplot_params(figure)
    grid.update(
        bottom=(place.bottom * height + _INCHES) / taller,
        top=(place.top * height + _INCHES) / taller,
    )
    for ax in figure.axes:  # the grid moves only those that pyplot knows
        ax.set_position(ax.get_subplotspec().get_position(figure))


def add_titles(figure: Any, shown: Sequence[Cell]) -> None:
    """Write what stays the same from frame to frame."""
    unit = _unit(figure)
    for cell, left in zip(shown, _LEFT, strict=False):
        _text(figure, left, 0.68 * unit, cell.title, _FAINT, "x-small")


def add_values(figure: Any, shown: Sequence[Cell]) -> list[Any]:
    """Write values, and draw their curves; return what was added."""
    unit = _unit(figure)
    added: list[Any] = []
    for cell, left, right in zip(shown, _LEFT, _CURVES, strict=False):
        ink = _ALARM if cell.alarm else _INK
        added.append(_text(figure, left, 0.22 * unit, cell.value, ink, "small"))
        added += _curve(figure, left + right, unit, cell.curve)
    return added


def _unit(figure: Any) -> float:
    """Return the height of the strip, as a share of the figure's."""
    return float(_INCHES / figure.get_size_inches()[1])


def _text(figure: Any, x: float, y: float, text: str, color: str, size: str) -> Any:
    return figure.text(x, y, text, color=color, fontsize=size, parse_math=False)


def _curve(figure: Any, left: float, unit: float, values: Sequence[float]) -> Iterator[Any]:
    """Draw a small curve, from zero to its highest value."""
    top = max(values)
    if len(values) < 2 or top <= 0:
        return
    xs = [left + 0.06 * number / (READINGS_MAX - 1) for number in range(len(values))]
    ys = [unit * (0.2 + 0.4 * value / top) for value in values]
    line = Line2D(xs, ys, color=_FAINT, linewidth=0.8, transform=figure.transFigure)
    yield figure.add_artist(line)


def _seconds(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs" if seconds else "0 s"


def _bytes(count: int) -> str:
    for unit, size in (("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"


def _count(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
