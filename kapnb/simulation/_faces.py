"""The one place where the simulator reaches up to the rooms above it, lazily.

The import contract names these imports as its only exceptions: a Simulation has a plot and
an HTML form, and can be walked; what does so lives above.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from kapnb.notebook import LiveRun
    from kapnb.simulation._passage import Passage
    from kapnb.simulation._simulation import Simulation
    from kapnb.simulation._task import TaskRun
    from kapnb.simulation._transcript import Transcript
    from kapnb.timemachine import Moment, TimeMachine

__all__ = [
    "LiveRun",  # for the annotations of those who may not look up
    "TimeMachine",
    "comparison_plot",
    "live_run",
    "moment_html",
    "plot",
    "report",
    "simulation_html",
    "sweep_plot",
    "task_html",
    "time_machine",
    "transcript_html",
]


def live_run(simulation: Simulation, plot: bool | str | Sequence[str], **settings: Any) -> LiveRun:
    """Start a simulation in the background, drawn while it runs."""
    from kapnb.notebook import LiveRun

    return LiveRun(simulation, plot, **settings).start()


def plot(simulation: Passage, **settings: Any) -> Any:
    """Return a simulation's picture, or draw it into the Axes that `ax` gives."""
    from kapnb.notebook import Plot, plot_run

    run = cast("Simulation", simulation.still())  # of a task's UDF the same is known
    if settings.get("ax") is not None:
        return plot_run(run, **settings)
    return Plot(run, **settings)


def simulation_html(simulation: Passage) -> str:
    """Return a simulation as HTML."""
    from kapnb.notebook import simulation_html as html

    return html(cast("Simulation", simulation.still()))


def report(simulation: Simulation, **settings: Any) -> Any:
    """Return a report on a simulation."""
    from kapnb.notebook import Report

    return Report(simulation, **settings)


def transcript_html(transcript: Transcript) -> str:
    """Return a transcript as HTML."""
    from kapnb.notebook import transcript_html as html

    return html(transcript)


def moment_html(moment: Moment) -> str:
    """Return a moment of a run as HTML."""
    from kapnb.notebook import moment_html as html

    return html(moment)


def task_html(run: TaskRun) -> str:
    """Return the run of a task as HTML."""
    from kapnb.notebook import task_html as html

    return html(run)


def time_machine(passage: Passage) -> TimeMachine:
    """Return what walks a run."""
    from kapnb.timemachine import TimeMachine

    return TimeMachine(passage)


def sweep_plot(sweep: Any, **settings: Any) -> Any:
    """Return a sweep's picture, or draw it into the Axes that `axes` gives."""
    from kapnb.notebook import SweepPlot, plot_sweep

    if settings.get("axes") is not None:
        return plot_sweep(sweep, **settings)
    return SweepPlot(sweep, **settings)


def comparison_plot(comparison: Any, **settings: Any) -> Any:
    """Return a comparison's picture, or draw it into the Axes that `ax` gives."""
    from kapnb.notebook import ComparisonPlot, plot_comparison

    if settings.get("ax") is not None:
        return plot_comparison(comparison, **settings)
    return ComparisonPlot(comparison, **settings)
