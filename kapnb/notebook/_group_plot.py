"""One small picture a group, all to one scale: who differs is seen at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kapnb.notebook._arguments import expect_run
from kapnb.notebook._axes import ShownAxes
from kapnb.notebook._figure import DPI, INK, add_legend, draw_panel, group_labels, panel_legend
from kapnb.notebook._panels import Panel, arrange_panels
from kapnb.notebook._scene import Scene, gather
from kapnb.simulation import Simulation

__all__ = ["plot_groups"]

#: Pictures drawn if nobody names groups.
_GROUPS_MAX = 12
#: Pictures beside each other.
_ACROSS_MAX = 3
#: Ticks of each time axis.
_TICKS_MAX = 5
# In inches.
_WIDTH, _HEIGHT = 9.0, 1.9


def plot_groups(
    simulation: Simulation,
    *,
    fields: str | Sequence[str] | None = None,
    groups: str | Sequence[str] | None = None,
    axes: Sequence[Any] | None = None,
) -> tuple[Any, ...]:
    """Plot inputs and outputs of a run over event time, each group into Axes of its own.

    Parameters
    ----------
    simulation : Simulation
        The run; of streams or of batches.
    fields : str or list of str, optional
        Fields to draw, looked up in inputs and outputs. By default those of `plot_run` that
        share a scale with the first output: all are drawn to one.
    groups : str or list of str, optional
        Ids of the groups to draw, such as ``"host=a"``; by default the first twelve.
    axes : sequence of matplotlib Axes, optional
        Where to draw, at least one a group; by default in a new figure that pyplot does not
        know, and which a notebook shows where the tuple is a cell's last value.

    Returns
    -------
    tuple of Axes
        One for each group drawn, in natural order of their ids.

    Raises
    ------
    TypeError
        If `simulation` is something else.
    ValueError
        If a named field or group has no number in this run, or there are too few `axes`.

    See Also
    --------
    plot_run : all groups in one Axes, told apart by their colours.

    Notes
    -----
    Inputs are thin and grey; colours, of Okabe and Ito's palette, tell the fields apart.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> points = [Point({"x": n}, time=n, tags={"host": "ab"[n % 2]}) for n in range(9)]
    >>> run = simulate(Handler, points, group_by="host")
    >>> [ax.get_title(loc="left") for ax in plot_groups(run)]
    ['host=a', 'host=b']
    """
    expect_run(simulation, "plot_groups")
    scene = gather(simulation, fields, groups, most=_GROUPS_MAX)
    panels = arrange_panels(scene.lines)
    shown = Panel(scene.lines)
    if fields is None and len(panels) > 1:
        shown = next((panel for panel in panels if panel.outputs), panels[0])
        scene = replace(scene, notes=(*scene.notes, _left_out(panels, shown)))
    chosen = axes if axes is not None else _new_axes(max(1, len(scene.groups)))
    if len(chosen) < len(scene.groups):
        raise ValueError(f"{len(scene.groups)} groups do not fit into {len(chosen)} axes")
    across = _across(len(scene.groups)) if axes is None else len(scene.groups)
    drawn = tuple(chosen[: max(1, len(scene.groups))])
    labels = group_labels(scene.groups or ("",))
    for number, (ax, group) in enumerate(zip(drawn, scene.groups or ("",), strict=True)):
        part = replace(scene, title="", groups=(group,))
        last = axes is not None or number + across >= len(drawn)
        panel = Panel(tuple(line for line in shown.lines if line.group == group))
        draw_panel(ax, part, panel, last=last, legend=False, ticks=_TICKS_MAX)
        title = ax.set_title(labels[group], loc="left", fontsize="small", color=INK)
        title.set_parse_math(False)
        ax.set_xlabel(ax.get_xlabel(), loc="left", fontsize="x-small")  # the date is at the right
        ax.xaxis.get_offset_text().set_fontsize("x-small")
        if axes is None and number % across:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
    one = replace(scene, groups=scene.groups[:1], notes=_notes(scene))
    add_legend(drawn[min(across, len(drawn)) - 1], panel_legend(one, shown, ()))
    _share_scale(drawn, scene)
    return drawn if axes is not None else ShownAxes(drawn)


def _left_out(panels: Sequence[Panel], shown: Panel) -> str:
    names = dict.fromkeys(
        line.field for panel in panels if panel is not shown for line in panel.lines
    )
    return f"not drawn: {', '.join(names)}"


def _across(count: int) -> int:
    return min(_ACROSS_MAX, max(1, count)) if count != 4 else 2


def _new_axes(count: int) -> list[Any]:
    across = _across(count)
    down = -(-count // across)
    figure = Figure(layout="constrained", figsize=(_WIDTH, 0.5 + _HEIGHT * down), dpi=DPI)
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for ax in grid[count:]:
        ax.set_axis_off()
    return list(grid[:count])


def _notes(scene: Scene) -> tuple[str, ...]:
    """Return what the titles do not say."""
    return tuple(note for note in scene.notes if not note.startswith("group "))


def _share_scale(axes: Sequence[Any], scene: Scene) -> None:
    """Give all the widest limits; Axes of the caller's may not share theirs."""
    if not scene.lines:
        return
    filled = [ax for ax in axes if ax.lines]  # the limits of others mean nothing
    lows, highs = zip(*(ax.get_ylim() for ax in filled), strict=True)
    lefts, rights = zip(*(ax.get_xlim() for ax in filled), strict=True)
    for ax in axes:
        ax.set_ylim(min(lows), max(highs))
        ax.set_xlim(min(lefts), max(rights))
