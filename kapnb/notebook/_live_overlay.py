"""Lay marks over a figure that is drawn already: thresholds as dashed lines, anomalies as rings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kapnb.notebook._live_marks import Mark
from kapnb.notebook._scene import Scene
from kapnb.notebook._time_scale import TimeScale

__all__ = ["draw_marks"]

_LINE = {"color": "black", "linewidth": 1.0, "linestyle": (0, (4, 3)), "zorder": 1.9}
_RING = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 9,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 1.3,
}


def draw_marks(figure: Any, scene: Scene, marks: Sequence[Mark]) -> list[Any]:
    """Lay marks over a figure that shows `scene`; return the artists that were added."""
    added: list[Any] = []
    scale = TimeScale(scene.ends)
    for mark in marks:
        ax = figure.axes[mark.panel]
        if mark.kind == "rings":
            added += ax.plot(scale(mark.times), mark.values, **_RING)
            continue
        if mark.kind == "level":
            added.append(ax.axhline(float(mark.values[0]), **_LINE))
        else:
            added += ax.plot(scale(mark.times), mark.values, **_LINE)
        if len(mark.values):
            added.append(_label(ax, mark.text, float(mark.values[-1])))
    return added


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
