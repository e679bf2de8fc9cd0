"""Trial: one combination of a sweep, to be looked at as a Simulation is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kapnb.errors import HandlerError
from kapnb.model import Batch, InfoResponse, Point
from kapnb.simulation import Simulation, Transcript
from kapnb.simulation._items import Rows
from kapnb.simulation._node import UdfNode
from kapnb.simulation._passage import Passage
from kapnb.whatif._outcome import Outcome, Setting

if TYPE_CHECKING:
    from kapnb.simulation._faces import TimeMachine
    from kapnb.whatif._score import Score

__all__ = ["Trial"]


class Trial(Passage):
    """One combination of a sweep, and what came of it; made by `sweep`.

    Attributes
    ----------
    position : int
        Its place among the combinations.
    chosen : dict
        The options that vary.
    options : dict
        All options that were given.
    score : Score or None
        How it compares with the labels, if there are any.
    unjudged : HandlerError or None
        What the function ``alert`` raised on one of its outputs, in which case there is no score.
    printed : str
        What the Handler wrote to stdout and stderr, up to 10,000 characters.
    seconds : float
        How long it took; other processes ran meanwhile.

    Notes
    -----
    The rest is as with a `Simulation`, but for `transcript`: only what went in and out was kept,
    so that is made by running it once more. An error is without its cause.
    """

    def __init__(
        self,
        setting: Setting,
        position: int,
        chosen: Mapping[str, Any],
        outcome: Outcome,
        info: InfoResponse,
    ) -> None:
        name = setting.handler.__name__
        super().__init__(UdfNode(setting.handler, task_id=f"sweep_{name}", node_id=f"{name}2"))
        self._node.info, self._node.snapshot = info, outcome.snapshot
        self._node.warnings.extend(outcome.warnings)
        self._setting = setting
        self._outputs.extend(outcome.items, outcome.inputs)
        self.inputs: Sequence[Point | Batch] = _inputs(setting, outcome.handled)
        self.group_by, self.env = setting.group_by, dict(setting.env)
        self.position, self.chosen = position, dict(chosen)
        self.options = {**setting.options, **chosen}
        self.error = outcome.error
        self.score: Score | None = None
        self.unjudged: HandlerError | None = None
        self.printed, self.seconds = outcome.printed, outcome.seconds

    def simulate(self) -> Simulation:
        """Run this combination once more, alone, and return the Simulation.

        An error that ends it is kept in the Simulation.
        """
        return self._setting.simulation(self.chosen).run()

    def travel(self) -> TimeMachine:
        """Return what walks this run, which is run once more for it; see `Simulation.travel`."""
        return self.simulate().travel()

    @property
    def transcript(self) -> Transcript:
        """Every message of the session, both ways; it is run once more for it."""
        return self.simulate().transcript

    @property
    def input_frame(self) -> Any:
        """The inputs as a pandas DataFrame, one row a point, with the same ``input``."""
        return self.inputs.frame() if isinstance(self.inputs, Rows) else super().input_frame

    @property
    def label(self) -> str:
        """The options that vary, as text."""
        return ", ".join(f"{name}={value!r}" for name, value in self.chosen.items())

    def __repr__(self) -> str:
        return f"Trial({self.handler.__name__} {self.label}: {self._summary()})"


def _inputs(setting: Setting, handled: int) -> Sequence[Point | Batch]:
    data = setting.data
    if data.batches is not None:
        return data.batches[:handled]
    rows = Rows(data.columns)
    rows.extend(data.points[:handled])  # the same bytes for all combinations
    return rows
