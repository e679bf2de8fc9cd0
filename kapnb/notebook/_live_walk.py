"""Where one stands among the inputs that a live run has handled; none is handled again for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapnb.model import Batch, format_time
from kapnb.simulation import Simulation
from kapnb.simulation._items import count_text

if TYPE_CHECKING:
    from kapnb.timemachine import Moment, TimeMachine

__all__ = ["Walk", "how_far"]


class Walk:
    """A place in a run that grows: the last input, wherever that is, or one before it.

    Parameters
    ----------
    simulation : Simulation
        Must stand still while a moment of it is made.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._before_last: int | None = None
        self._machine: TimeMachine | None = None

    @property
    def last(self) -> int:
        """The position of the last input that was handled; -1 before the first."""
        return len(self._simulation.inputs) - 1

    @property
    def here(self) -> int:
        """The position of the input at which one stands."""
        return self.last if self._before_last is None else self._before_last

    def go(self, position: int) -> None:
        """Stand at an input."""
        self._before_last = position if position < self.last else None

    def go_along(self) -> None:
        """Stand at the last input, also when there are more."""
        self._before_last = None

    def moment_at(self, position: int) -> Moment | None:
        """Return the moment of an input; None before the first."""
        if position < 0:
            return None
        if self._machine is None:
            self._machine = self._simulation.travel()
        return self._machine.go(position)


def how_far(simulation: Simulation) -> str:
    """Say how many inputs a run has handled, and of what time the last one is."""
    inputs = simulation.inputs
    reached = ""
    if inputs:
        last = inputs[-1]
        time_ns = last.tmax if isinstance(last, Batch) else last.time
        reached = f", the last of {format_time(time_ns)}"
    return f"{count_text(inputs)} handled{reached}"
