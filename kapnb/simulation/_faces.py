"""The one place where the simulator reaches up to the notebook room, lazily.

The import contract names these imports as its only exception: a Simulation has a plot and
an HTML form, and what draws them lives a layer above.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kapnb.simulation._simulation import Observer, Simulation

__all__ = ["live_view", "plot", "simulation_html"]


def live_view(fields: bool | str | Sequence[str]) -> Observer:
    """Return an observer that draws while a simulation runs."""
    from kapnb.notebook import LiveView

    view: Observer = LiveView(fields)
    return view


def plot(simulation: Simulation, **settings: Any) -> Any:
    """Return a simulation's picture, or draw it into the Axes that `ax` gives."""
    from kapnb.notebook import Plot, plot_run

    if settings.get("ax") is not None:
        return plot_run(simulation, **settings)
    return Plot(simulation, **settings)


def simulation_html(simulation: Simulation) -> str:
    """Return a simulation as HTML."""
    from kapnb.notebook import simulation_html as html

    return html(simulation)
