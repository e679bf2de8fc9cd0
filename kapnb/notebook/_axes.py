"""What pictures of sweeps and of comparisons have in common: colours, times, figures that show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from kapnb.model import format_time
from kapnb.notebook._figure import COLOURS, DPI, INK
from kapnb.notebook._numbers import Times
from kapnb.notebook._plot import bundle
from kapnb.notebook._scene import Line

__all__ = [
    "COLOURS",
    "INK",
    "INPUT",
    "MARKERS",
    "Shown",
    "ShownAxes",
    "days",
    "new_figure",
    "tidy",
    "time_axis",
]

#: Marks that differ without the colours.
MARKERS = ("o", "s", "D", "^", "v", "P")
INPUT = "#a8a8a8"
_DAY_NS = 86_400_000_000_000


def new_figure(width: float, height: float) -> Any:
    """Return a figure of so many inches that pyplot does not know."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tidy(ax: Any) -> None:
    """Give Axes the look that all of them have."""
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def time_axis(
    ax: Any,
    lines: Sequence[Line],
    *,
    labelled: bool = True,
    dated: bool = True,
    fontsize: str = "medium",
) -> None:
    """Let an x axis reach over the times of some lines."""
    if lines:
        first = min(int(line.times[0]) for line in lines)
        last = max(int(line.times[-1]) for line in lines)
        pad = (last - first) * 0.01 or 1e9
        ax.set_xlim((first - pad) / _DAY_NS, (last + pad) / _DAY_NS)
    locator = AutoDateLocator(minticks=2, maxticks=5)  # type: ignore[no-untyped-call]
    formatter = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    if labelled:
        day = ""
        if lines and dated:
            day = f", from {format_time(min(int(line.times[0]) for line in lines))[:10]}"
        ax.set_xlabel(f"event time (UTC){day}", fontsize=fontsize)
    else:
        ax.tick_params(labelbottom=False)


def days(times: Times) -> Any:
    """Return nanoseconds as matplotlib's dates."""
    return times / _DAY_NS


class ShownAxes(tuple[Any, ...]):
    """Axes of one figure that shows itself, once, where they are a cell's last value."""

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return bundle(self[0].figure, f"{len(self)} Axes")


class Shown:
    """A figure that shows itself, once, where it is a cell's last value."""

    figure: Any

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return bundle(self.figure, repr(self))
