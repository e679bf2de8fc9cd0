"""The one place where the simulator reaches up to the notebook room, lazily.

The import contract names these imports as its only exception: a Simulation has a plot and
an HTML form, and what draws them lives a layer above.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from kapnb.notebook import LiveRun
    from kapnb.simulation._passage import Passage
    from kapnb.simulation._simulation import Simulation
    from kapnb.simulation._task import TaskRun

__all__ = ["live_run", "plot", "simulation_html", "task_html"]


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


def task_html(run: TaskRun) -> str:
    """Return the run of a task as HTML."""
    from kapnb.notebook import task_html as html

    return html(run)
