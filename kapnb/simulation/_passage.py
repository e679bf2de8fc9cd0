"""What went through one UDF: in, out, and what was said; alone or within a task."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Self

from kapnb.errors import HandlerError, KapnbError
from kapnb.handler import Handler
from kapnb.model import Batch, InfoResponse, Point
from kapnb.protocol import WirePoint
from kapnb.simulation._checkpoints import Cast, Checkpoints, Recorder
from kapnb.simulation._items import Output, Outputs, Rows, count_text, frame_of
from kapnb.simulation._node import UdfNode
from kapnb.simulation._transcript import Transcript

if TYPE_CHECKING:
    from kapnb.simulation._faces import TimeMachine

__all__ = ["Passage", "native"]


class Passage:
    """What a Handler was given and what it sent, whoever stood around it.

    Parameters
    ----------
    node : UdfNode
        Kapacitor's end of it.

    Attributes
    ----------
    handler : subclass of Handler
    inputs : sequence of Point or Batch
        What the Handler was given, in order.
    outputs : sequence of Output
        What it sent, each with the input it belongs to.
    error : KapnbError or None
        What ended it early.
    options : mapping of str to object
        As they were given.
    env : mapping of str to str
        Environment variables that were set meanwhile.
    """

    #: Whether a run is adding to it, perhaps in another thread than its readers'.
    _growing = False

    options: Mapping[str, Any]
    env: Mapping[str, str]

    def __init__(self, node: UdfNode) -> None:
        self._node = node
        self._inputs: list[Point | Batch] = []
        self._outputs = Outputs()
        self.handler = node.handler
        self.inputs: Sequence[Point | Batch] = self._inputs
        self.outputs: Sequence[Output] = self._outputs
        self.error: KapnbError | None = None
        self._checkpoints: Checkpoints | None = None
        self._recorder: Recorder | None = None
        #: Position of the input that ended it, if one did.
        self._failed_at: int | None = None

    def _start_checkpoints(self, start: Callable[[], None]) -> None:
        """Start the task's process by `start`, and keep for a time machine what it holds."""
        self._checkpoints = checkpoints = Checkpoints(self.handler)
        start()
        if self._node.error is None:
            self._recorder = checkpoints.recorder(Cast(self._node.instance))

    @property
    def info(self) -> InfoResponse:
        """What the Handler declared."""
        return self._node.info

    @property
    def transcript(self) -> Transcript:
        """Every message of the task's session, both ways."""
        return self._node.transcript

    @property
    def snapshot(self) -> bytes:
        """The state at the end; give it to the next simulation as ``snapshot=``."""
        return self._node.snapshot

    @property
    def warnings(self) -> list[str]:
        """What Kapacitor would have logged, or silently borne."""
        return self._node.warnings

    def still(self) -> Self:
        """Return what has come so far, to which a run in another thread adds nothing.

        Of a run that is over, that is the run itself.
        """
        if not self._growing:
            return self
        still = copy.copy(self)
        still._growing = False
        inputs = self.inputs
        # Outputs first: each then has the input it belongs to.
        still._outputs = self._outputs.still()
        still.outputs = still._outputs
        still.inputs = inputs.still() if isinstance(inputs, Rows) else list(inputs)
        return still

    def _keep(self, items: Sequence[Point | Batch]) -> None:
        """Keep what came of the last input; points as their bytes, which are smaller."""
        kept = ((isinstance(item, WirePoint) and item.raw) or item for item in items)
        self._outputs.extend(kept, repeat(len(self.inputs) - 1, len(items)))

    @property
    def frame(self) -> Any:
        """The outputs as a pandas DataFrame, one row a point, in the order sent.

        Column ``input`` is the position of the input that was being handled; of a batch all
        points are there.
        """
        return self._outputs.frame()

    @property
    def input_frame(self) -> Any:
        """The inputs as a pandas DataFrame, one row a point, with the same ``input``."""
        return frame_of((item, position) for position, item in enumerate(self.inputs))

    @property
    def pair_frame(self) -> Any:
        """The points that went in, each beside those sent for it, as a pandas DataFrame.

        One row for each pair, and one for an input that gave nothing; a name that both have
        ends in ``_out`` on the side of the output, whose time is ``time_out``.

        Raises
        ------
        ValueError
            If batches went in or came out: their points do not pair.
        """
        from kapnb.simulation._joined import pair_frame

        return pair_frame(self)

    @property
    def dropped_frame(self) -> Any:
        """The inputs for which nothing was sent, as a pandas DataFrame like `input_frame`."""
        from kapnb.simulation._joined import dropped_frame

        return dropped_frame(self)

    @property
    def group_frame(self) -> Any:
        """One row a group, in natural order, as a pandas DataFrame.

        Its columns count ``inputs``, ``outputs`` and ``dropped``.
        """
        from kapnb.simulation._joined import group_frame

        return group_frame(self)

    def pairs(self) -> Iterator[tuple[Point | Batch, list[Point | Batch]]]:
        """Yield each input with the outputs that were sent while it was handled."""
        outputs = iter(self.outputs)
        output = next((output for output in outputs if output.input >= 0), None)
        for position, item in enumerate(self.inputs):
            given = []
            while output is not None and output.input == position:
                given.append(output.item)
                output = next(outputs, None)
            yield item, given

    def _summary(self) -> str:
        end = f", ended by {type(self.error).__name__}: {self.error}" if self.error else ""
        return f"{count_text(self.inputs)} in, {count_text(self.outputs)} out{end}"

    def _repr_html_(self) -> str:
        from kapnb.simulation._faces import simulation_html

        return simulation_html(self)

    def travel(self) -> TimeMachine:
        """Return what walks this run: to any input, with the state before and after it.

        It works on any run, finished, failed, interrupted or paused.

        Returns
        -------
        TimeMachine

        Raises
        ------
        MomentError
            If the Handler got no input.

        Examples
        --------
        >>> from kapnb import Handler, Point, simulate
        >>> class Counted(Handler):
        ...     def group_state(self):
        ...         return {"n": 0}
        ...
        ...     def point(self, point, state):
        ...         state["n"] += 1
        ...         if state["n"] == 3:
        ...             yield point.with_fields(n=state["n"])
        >>> run = simulate(Counted, [Point({"x": n}, time=n, name="m") for n in range(5)])
        >>> run.travel().next_output()
        Moment: input 2 of 0…4: 1970-01-01T00:00:00.000000002Z
          input   Point(m 1970-01-01T00:00:00.000000002Z x=2)
          state   {'n': 3}
          change  state['n']  2 → 3
          output  Point(m 1970-01-01T00:00:00.000000002Z n=3 x=2)
        """
        from kapnb.simulation._faces import time_machine

        return time_machine(self)

    def plot(self, **settings: Any) -> Any:
        """Return inputs and outputs over time as a picture.

        Parameters
        ----------
        **settings
            ``fields`` and ``groups`` choose what is drawn; ``ax`` gives Axes to draw into,
            which are then returned. See `kapnb.notebook.Plot` and `plot_run`.
        """
        from kapnb.simulation._faces import plot

        return plot(self, **settings)


def native(handler: Any) -> type[Handler]:
    """Return a Handler class; one of the official API is adapted."""
    if isinstance(handler, type) and issubclass(handler, Handler):
        return handler
    if hasattr(handler, "init") and not isinstance(handler, Handler):
        from kapnb.compat import adapt, is_official

        if is_official(handler):
            return adapt(handler)
    if isinstance(handler, Handler):
        name = type(handler).__name__
        raise HandlerError(
            f"simulate takes a Handler class, not an instance: give {name}, not {name}(); "
            "each run starts a fresh one"
        )
    raise HandlerError(
        f"simulate takes a Handler class, not {handler!r:.60}: each run starts a fresh one"
        if isinstance(handler, type) or callable(handler)
        else f"simulate takes a Handler class first, then the data; not a {type(handler).__name__}"
    )
