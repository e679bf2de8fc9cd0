"""One combination: run it here, and keep what came of it in a form that crosses a process.

Whether it runs in this process or in a forked one, the same happens: chance, and what the
Handler's code keeps outside its objects, begin as they are when the sweep begins.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import kapnb.errors
from kapnb.errors import KapnbError
from kapnb.handler import Handler
from kapnb.model import Batch
from kapnb.protocol import encode_point
from kapnb.simulation import RECORD_TO, Simulation
from kapnb.simulation._environment import environment
from kapnb.simulation._hidden import Hidden
from kapnb.simulation._prepared import Prepared

__all__ = ["Outcome", "Setting", "Start", "run_combination"]

#: Of what a run prints, so much is kept.
_PRINTED_MAX = 10_000


@dataclass(frozen=True)
class Setting:
    """What all combinations of a sweep have in common.

    Attributes
    ----------
    handler : subclass of Handler
    data : Prepared
        The input of each run.
    options : dict
        Those that do not vary.
    group_by : tuple of str
        The dimensions, for show: the data are grouped already.
    env : mapping of str to str
        Environment variables set during each run.
    snapshot : bytes, optional
        State to restore before each run.
    """

    handler: type[Handler]
    data: Prepared
    options: dict[str, Any]
    group_by: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    snapshot: bytes | None = None

    def simulation(self, chosen: Mapping[str, Any]) -> Simulation:
        """Return a Simulation of one combination, not yet run."""
        return Simulation(
            self.handler,
            self.data,
            options={**self.options, **chosen},
            group_by=self.group_by,
            env=self.env,
            snapshot=self.snapshot,
        )


@dataclass(frozen=True)
class Outcome:
    """What one combination gave; nothing but plain data, so that it can be pickled.

    Attributes
    ----------
    items : list of bytes or Batch
        What the Handler sent: encoded points, or batches.
    inputs : array of int
        The input of each; see `Output`.
    handled : int
        How many inputs were handled.
    failure : tuple of str, or None
        Class and text of the error that ended it.
    warnings : list of str
        As in a Simulation.
    snapshot : bytes
        The state at the end.
    printed : str
        What went to stdout and stderr meanwhile.
    seconds : float
        How long it took.
    """

    items: list[bytes | Batch] = field(default_factory=list)
    inputs: array[int] = field(default_factory=lambda: array("q"))
    handled: int = 0
    failure: tuple[str, str] | None = None
    warnings: Sequence[str] = ()
    snapshot: bytes = b""
    printed: str = ""
    seconds: float = 0.0

    @property
    def error(self) -> KapnbError | None:
        """The error that ended it, without its cause, which may not leave its process."""
        if self.failure is None:
            return None
        name, text = self.failure
        kind = getattr(kapnb.errors, name, KapnbError)
        error: KapnbError = kind.__new__(kind)
        error.args = (text,)
        return error


class Start:
    """How chance and the Handler's hidden state stand when a sweep begins.

    Parameters
    ----------
    handler : subclass of Handler
    """

    def __init__(self, handler: type[Handler]) -> None:
        self._hidden = Hidden(handler)
        self._chance = random.getstate()
        numpy = sys.modules.get("numpy")
        self._numpy = numpy.random if numpy is not None else None
        self._numpy_chance = self._numpy.get_state() if self._numpy is not None else None

    def restore(self) -> None:
        """Let it all be so again."""
        self._hidden.reset()
        random.setstate(self._chance)
        if self._numpy is not None:
            self._numpy.set_state(self._numpy_chance)


def run_combination(setting: Setting, chosen: Mapping[str, Any], start: Start) -> Outcome:
    """Run one combination in this process; an error of it is part of the outcome.

    Raises
    ------
    KeyboardInterrupt
        If the run is interrupted.
    """
    start.restore()
    simulation = setting.simulation(chosen)
    began = time.perf_counter()
    failure: KapnbError | None = None
    # Not recorded: an export replays what `simulate` ran.
    with environment({RECORD_TO: ""}), _printing() as printed:
        try:
            simulation.run()
        except KapnbError as error:
            failure = error
    seconds = time.perf_counter() - began
    if simulation.interrupted:
        simulation.raise_error()
    failure = failure or simulation.error
    return Outcome(
        [_travelling(item) for item in simulation._outputs._items],
        simulation._outputs._inputs,
        len(simulation.inputs),
        None if failure is None else (type(failure).__name__, str(failure)),
        list(simulation.warnings),
        simulation.snapshot,
        printed.getvalue()[:_PRINTED_MAX],
        seconds,
    )


def _travelling(item: Any) -> bytes | Batch:
    """Return an item that can be pickled: points that were looked at hold more than bytes."""
    if not isinstance(item, Batch):
        return item if isinstance(item, bytes) else encode_point(item)
    return Batch(
        [point.copy() for point in item.points],
        name=item.name_or_none,
        tags=item.tags_or_none,
        tmax=item.tmax_or_none,
        by_name=item.by_name_or_none,
    )


@contextlib.contextmanager
def _printing() -> Iterator[io.StringIO]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield printed
