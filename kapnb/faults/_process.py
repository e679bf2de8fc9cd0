"""One Handler's process, as Kapacitor starts, feeds and kills it; and what a run of one gave.

A Simulation plays a whole session. Here the session is cut where a fault wants it cut: killed
after any point, restored into a fresh Handler, left within a batch. The node is the simulator's.
No fault is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from unittest.mock import patch

from kapnb._progress import track
from kapnb.errors import HandlerError, KapnbError
from kapnb.handler import Handler
from kapnb.model import Batch, InfoResponse, Point, ReceivedOption
from kapnb.protocol import Codec
from kapnb.simulation import Simulation, check_options
from kapnb.simulation._hidden import Hidden
from kapnb.simulation._node import UdfNode

__all__ = ["Case", "Item", "Process", "Run", "open_case", "play"]

Item = Point | Batch


@dataclass(frozen=True)
class Case:
    """A Handler with all that is needed to start a process of it.

    Attributes
    ----------
    handler : subclass of Handler
        Adapted, if it is one of the official API.
    info : InfoResponse
        What it declares.
    options : tuple of ReceivedOption
        As Kapacitor sends them at init.
    env : mapping of str to str
        Environment variables set while a process runs.
    hidden : Hidden
        What the Handler's code keeps outside its objects; put back at each start, for a process
        of Kapacitor's begins with a fresh import.
    """

    handler: type[Handler]
    info: InfoResponse
    options: tuple[ReceivedOption, ...]
    env: Mapping[str, str]
    hidden: Hidden

    @property
    def name(self) -> str:
        """Name of the Handler's class."""
        return self.handler.__name__

    def start(self, *, snapshot: bytes = b"", codec: Codec | None = None) -> Process:
        """Start a fresh process, and restore it if there is a snapshot.

        An empty snapshot is none: Kapacitor does not store it.
        """
        self.hidden.reset()
        return Process(self, snapshot=snapshot, codec=codec)


class Process(UdfNode):
    """One session: from init to wherever it is cut; made by `Case.start`."""

    def __init__(self, case: Case, *, snapshot: bytes, codec: Codec | None) -> None:
        name = case.name
        super().__init__(case.handler, task_id=f"stress_{name}", node_id=f"{name}2", codec=codec)
        self.info = case.info
        self.start(case.options, snapshot or None)

    @property
    def skipped(self) -> int:
        """How many points it failed on and skipped, by its error_policy."""
        return self._agent.session.skipped

    def open_batch(self, batch: Batch, count: int) -> list[Item]:
        """Begin a batch and send `count` of its points, but no end; return what came back."""
        for message in islice(batch.messages(), 1 + count):
            if self.error is None:
                self._exchange(message)
        return self._taken()

    def kill(self) -> list[Item]:
        """Close its input and end it; return what it still had to say."""
        out = self.close()
        self.stop()
        return out


@dataclass
class Run:
    """What one run gave.

    Attributes
    ----------
    inputs : sequence of Point or Batch
        What was to be handled.
    outputs : list of list of Point or Batch
        What each input that was handled gave; shorter than `inputs` if the run ended early.
    error : KapnbError or None
        What ended it early.
    skipped : int
        How many points were skipped by the Handler's error_policy.
    seconds : list of float
        How long each input took, if it was asked for.
    """

    inputs: Sequence[Item]
    outputs: list[list[Item]] = field(default_factory=list)
    error: KapnbError | None = None
    skipped: int = 0
    seconds: list[float] = field(default_factory=list)

    def ended(self, process: Process) -> None:
        """Take what the last process still has to say, and what ended it."""
        self.error, self.skipped = process.error, process.skipped
        rest = process.kill()
        if self.outputs:
            self.outputs[-1] += rest


def play(
    case: Case,
    items: Sequence[Item],
    *,
    snapshot: bytes = b"",
    codec: Codec | None = None,
    clock: Callable[[], float] | None = None,
) -> Run:
    """Run a fresh process over all items, or until it fails.

    Parameters
    ----------
    case : Case
        What to start.
    items : sequence of Point or Batch
        As the UDF's edge carries them: grouped.
    snapshot : bytes, optional
        State to restore before.
    codec : Codec, optional
        How the bytes of both directions are made.
    clock : callable, optional
        Seconds; if it is given, each input is timed.
    """
    run = Run(items)
    with patch.dict("os.environ", case.env):
        process = case.start(snapshot=snapshot, codec=codec)
        try:
            for item in track(items, case.name):
                if process.error is not None:
                    break
                before = clock() if clock else 0.0
                run.outputs.append(process.feed(item))
                if clock:
                    run.seconds.append(clock() - before)
            run.ended(process)
        finally:  # also if somebody interrupts
            process.stop()
    return run


def open_case(handler: Any, data: Any, **settings: Any) -> tuple[Case, Simulation]:
    """Return the Case and the simulation of it on data without a fault.

    Parameters
    ----------
    handler, data, **settings
        As `kapnb.simulate` takes them.

    Raises
    ------
    KapnbError
        If the Handler fails without any fault, is refused, or there is no data.
    """
    simulation = Simulation(handler, data, **settings)
    hidden = Hidden(simulation.handler)
    try:
        simulation.run().raise_error()
    finally:
        hidden.reset()
    if not simulation.inputs:
        raise HandlerError("there is no data, so nothing can be shown about the Handler")
    options = check_options(simulation.options, simulation.info)
    return Case(simulation.handler, simulation.info, options, simulation.env, hidden), simulation
