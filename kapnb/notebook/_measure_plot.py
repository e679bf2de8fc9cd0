"""Pictures of what is measured on request: the state's size, and the time that calls take.

A figure of time belongs into a picture: what is text is compared when a notebook is tested, and
no two runs take the same time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from kapnb.faults import Latencies, StateSizes, measure_latency, measure_state
from kapnb.notebook._arguments import expect_run
from kapnb.notebook._figure import COLOURS, INK, add_legend, group_labels, new_axes, set_style
from kapnb.simulation import Simulation

__all__ = ["plot_latency", "plot_state"]

_GROUPS_MAX = 6
_BINS = 60


def plot_state(
    simulation: Simulation,
    *,
    groups: str | Sequence[str] | None = None,
    samples: int = 60,
    sizes: StateSizes | None = None,
    ax: Any = None,
) -> Any:
    """Plot how large each group's state is after so many inputs.

    A line that never levels off is a state that will fill the memory of a task that runs for
    months. Runs the Handler once more.

    Parameters
    ----------
    simulation : Simulation
        A finished run.
    groups : str or list of str, optional
        Ids of the groups to draw; by default the six that end up largest.
    samples : int, default: 60
        How many times the state is weighed.
    sizes : StateSizes, optional
        What `kapnb.faults.measure_state` measured already.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure that pyplot does not know.

    Returns
    -------
    Axes
        `ax`, or the new one.

    Raises
    ------
    TypeError
        If `simulation` is something else.
    ValueError
        If a named group has no state, or a state can be in no snapshot.

    Notes
    -----
    Bytes are those in a snapshot, before compression. What a Handler keeps on itself is in no
    snapshot and not drawn; `kapnb.lint` sees it grow, too.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> class Last(Handler):
    ...     def group_state(self):
    ...         return []
    ...
    ...     def point(self, point, state):
    ...         state.append(point.fields["x"])
    >>> ax = plot_state(simulate(Last, [Point({"x": 1.5}, time=n) for n in range(9)]))
    >>> ax.get_ylabel(), ax.get_xlabel()
    ('state in a snapshot', 'points handled')
    """
    expect_run(simulation, "plot_state")
    sizes = measure_state(simulation, samples=samples) if sizes is None else sizes
    ax = new_axes() if ax is None else ax
    set_style(ax)
    names, hidden = _largest(sizes, groups)
    entries: dict[str, Any] = {}
    labels = group_labels(names)
    marker = "o" if len(sizes.counts) == 1 else "none"  # of which a line shows nothing
    for number, name in enumerate(names):
        label = "whole snapshot" if sizes.whole else labels[name]
        colour = COLOURS[number % len(COLOURS)]
        look = {"color": colour, "linewidth": 1.4, "marker": marker}
        (entries[label],) = ax.plot(sizes.counts, sizes.groups[name], **look)
    if len(sizes.groups) > 1 and groups is None:
        total = ax.plot(sizes.counts, sizes.totals, color=INK, linewidth=1.0, linestyle="--")
        (entries["all groups"],) = total
    if hidden:
        entries[f"{hidden} more not drawn"] = Line2D([], [], linestyle="none")
    if not names:
        _say(ax, "no state")
    ax.set_title(simulation.handler.__name__, loc="left", fontsize="medium", fontweight="bold")
    ax.set_ylabel("state in a snapshot")
    ax.set_xlabel(f"{_noun(simulation)} handled")
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(EngFormatter(unit="B"))
    ax.xaxis.set_major_locator(
        MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
    )
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    add_legend(ax, entries)
    return ax


def _largest(sizes: StateSizes, wanted: str | Sequence[str] | None) -> tuple[list[str], int]:
    """Return the groups to draw, and how many others there are."""
    if wanted is not None:
        names = [wanted] if isinstance(wanted, str) else list(dict.fromkeys(wanted))
        for name in names:
            if name not in sizes.groups:
                there = ", ".join(map(repr, list(sizes.groups)[:_GROUPS_MAX])) or "none"
                raise ValueError(f"group {name!r} has no state in this run (there are: {there})")
        return names, 0
    names = sorted(sizes.groups, key=lambda name: -sizes.groups[name][-1])
    return names[:_GROUPS_MAX], max(0, len(names) - _GROUPS_MAX)


def plot_latency(
    simulation: Simulation,
    *,
    timeout: float = 10.0,
    clock: Callable[[], float] = time.perf_counter,
    latencies: Latencies | None = None,
    ax: Any = None,
) -> Any:
    """Plot how long each input takes, against the deadline of Kapacitor's keepalive.

    Runs the Handler once more, with a clock.

    Parameters
    ----------
    simulation : Simulation
        A finished run.
    timeout : float, default: 10.0
        Seconds, as in ``[udf.functions.NAME] timeout``.
    clock : callable, default: time.perf_counter
        Seconds.
    latencies : Latencies, optional
        What `kapnb.faults.measure_latency` measured already.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure that pyplot does not know.

    Returns
    -------
    Axes
        `ax`, or the new one.

    Raises
    ------
    TypeError
        If `simulation` is something else.

    Notes
    -----
    Two lines are drawn. To the right of *one call*, at half the timeout, a single input keeps
    the keepalive unanswered. To the right of *full pipe* the inputs that may stand in the pipe
    before it do, unless the Handler answers some of them: half the timeout over 689 points of a
    stream, 64 KiB of them. `kapnb.faults.Latencies` has the rule's source. Times are of this
    process: encoding and decoding are in them, Kapacitor is not.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> ax = plot_latency(simulate(Handler, [Point({"x": 1.5}, time=n) for n in range(9)]))
    >>> ax.get_xlabel()
    'time for one point'
    """
    expect_run(simulation, "plot_latency")
    if latencies is None:
        latencies = measure_latency(simulation, timeout=timeout, clock=clock)
    ax = new_axes() if ax is None else ax
    set_style(ax)
    ax.set_xscale("log")
    entries = _draw_times(ax, latencies)
    for limit, label, colour, style in (
        (latencies.pipe_limit, "full pipe", COLOURS[4], "-."),
        (latencies.call_limit, "one call", COLOURS[1], "-"),
    ):
        line = ax.axvline(limit, color=colour, linewidth=2.0, linestyle=style)
        entries[f"{label} {_time(limit)}"] = line
    ax.set_title(simulation.handler.__name__, loc="left", fontsize="medium", fontweight="bold")
    ax.set_xlabel(f"time for one {'batch' if latencies.batches else 'point'}")
    ax.set_ylabel("batches" if latencies.batches else "points")
    ax.xaxis.set_major_formatter(EngFormatter(unit="s"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    add_legend(ax, entries)
    return ax


def _draw_times(ax: Any, latencies: Latencies) -> dict[str, Any]:
    """Draw how often each time was needed; return label → handle of what is marked."""
    if not latencies.seconds:
        _say(ax, "no inputs")
        return {}
    values = np.maximum(np.array(latencies.seconds), 1e-9)  # a coarse clock sees none pass
    high = max(float(values.max()), latencies.call_limit)
    bins = np.geomspace(float(values.min()) / 1.5, high * 1.5, _BINS)
    ax.hist(values, bins=bins, color=COLOURS[0], alpha=0.85, log=True)
    ax.set_ylim(bottom=0.7)
    entries: dict[str, Any] = {}
    for share, name, style in ((0.5, "median", ":"), (0.99, "99 %", "--"), (1.0, "slowest", "-")):
        taken = latencies.percentile(share)
        line = ax.axvline(taken, color=INK, linestyle=style, linewidth=1.0)
        entries[f"{name} {_time(taken)}"] = line
    return entries


def _say(ax: Any, what: str) -> None:
    """Say that there is nothing to draw; an axis of nothing has no numbers."""
    ax.text(0.5, 0.5, what, transform=ax.transAxes, ha="center", color=INK)
    ax.tick_params(left=False, bottom=False, labelleft=False)
    if not ax.has_data():
        ax.tick_params(labelbottom=False)


def _time(seconds: float) -> str:
    return str(EngFormatter(unit="s", places=1)(seconds))


def _noun(simulation: Simulation) -> str:
    return "batches" if simulation.handler.wants.name == "BATCH" else "points"
