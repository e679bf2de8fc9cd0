"""What a run does not tell by itself: how long each call takes, how large the state grows.

Both are measured on request, by running the Handler once more on the simulation's inputs; a run
that nobody asks about pays nothing. Figures of time differ from run to run, so nothing here is
part of what a Simulation shows of itself.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from kapnb._progress import track
from kapnb.faults._process import Case, Process, play
from kapnb.faults._trials_sessions import PIPE_POINTS
from kapnb.handler import Handler
from kapnb.handler._codec import Encoder, Unkept
from kapnb.handler._namespace import Namespace
from kapnb.model import Batch, RestoreRequest
from kapnb.simulation import Simulation, check_options
from kapnb.simulation._hidden import Hidden
from kapnb.simulation._passage import Passage

__all__ = ["Latencies", "StateSizes", "case_of", "measure_latency", "measure_state", "restored"]

#: What StateSizes calls the whole snapshot of a Handler that writes its own.
SNAPSHOT = "snapshot"


def case_of(simulation: Any) -> Case:
    """Return what starts the Handler of a finished run again; reset its `hidden` afterwards.

    Raises
    ------
    TypeError
        If it is no run.
    """
    if not isinstance(simulation, Passage):
        given = getattr(simulation, "__name__", type(simulation).__name__)
        raise TypeError(f"this takes a finished run, as simulate returns it, not {given}")
    options = check_options(simulation.options, simulation.info)
    hidden = Hidden(simulation.handler)
    return Case(simulation.handler, simulation.info, options, simulation.env, hidden)


def restored(simulation: Simulation) -> bytes:
    """Return the snapshot that the run began with; its requests tell."""
    for _, (is_request, message) in zip(range(4), simulation.transcript, strict=False):
        if is_request and isinstance(message, RestoreRequest):
            return message.snapshot
    return b""


# ------------------------------------------------------------------------------ time


@dataclass(frozen=True, repr=False)
class Latencies:
    """How long each input of a run took.

    Attributes
    ----------
    seconds : tuple of float
        One an input, in order: decoding, the Handler's call, encoding.
    batches : bool
        Whether an input is a batch.
    waiting : float
        How many such inputs a full pipe holds.
    timeout : float
        Seconds, as in ``[udf.functions.NAME] timeout``.

    Notes
    -----
    Kapacitor sends a keepalive every half `timeout`, and aborts when no answer at all came for
    one (udf/server.go). The keepalive waits behind what stands in the pipe already: 64 KiB,
    which hold 689 small points. So two things must stay below half the timeout: the longest
    call, and a full pipe of typical ones, if the Handler answers rarely. kapnb's agent gives
    signs of life while a call runs; the official one does not.
    """

    seconds: tuple[float, ...]
    batches: bool
    waiting: float
    timeout: float

    def percentile(self, share: float) -> float:
        """Return the seconds within which that share of the inputs was done, 0 to 1.

        Examples
        --------
        >>> Latencies((0.1, 0.2, 0.3, 0.4), False, 689, 10.0).percentile(0.5)
        0.2
        """
        if not self.seconds:
            return 0.0
        ordered = sorted(self.seconds)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    @property
    def call_limit(self) -> float:
        """Seconds that one call may take."""
        return self.timeout / 2

    @property
    def pipe_limit(self) -> float:
        """Seconds that each may take where a full pipe waits before a keepalive."""
        return self.timeout / 2 / self.waiting

    @property
    def rate(self) -> float:
        """Inputs a second, if they come one after the other."""
        total = sum(self.seconds)
        return len(self.seconds) / total if total else 0.0

    def __repr__(self) -> str:
        noun = "batches" if self.batches else "points"
        if not self.seconds:
            return f"Latencies(no {noun})"
        parts = [
            f"{name} {_seconds(self.percentile(share))}"
            for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
        ]
        return f"Latencies({len(self.seconds)} {noun}: {', '.join(parts)})"


def _seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def measure_latency(
    simulation: Simulation,
    *,
    timeout: float = 10.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Latencies:
    """Run a simulation's Handler once more and time each input.

    Parameters
    ----------
    simulation : Simulation
        A finished run.
    timeout : float, default: 10.0
        Seconds, as in ``[udf.functions.NAME] timeout``.
    clock : callable, default: time.perf_counter
        Seconds.

    Returns
    -------
    Latencies
        Its text holds what was measured, so it differs each time: a cell that shows it does
        not belong into a notebook that is compared, unless tagged ``nbval-ignore-output``.

    Examples
    --------
    >>> run = simulate(Handler, [Point({"x": 1.5}, time=n) for n in range(3)])
    >>> ticks = iter([0.0, 0.001, 1.0, 1.002, 2.0, 2.004])
    >>> measure_latency(run, clock=lambda: next(ticks))
    Latencies(3 points: p50 2 ms, p99 4 ms, max 4 ms)
    """
    case = case_of(simulation)
    items = simulation.inputs
    try:
        run = play(case, items, snapshot=restored(simulation), clock=clock)
    finally:
        case.hidden.reset()
    sizes = [len(item) for item in items if isinstance(item, Batch)]
    # A batch is its points, a begin and an end.
    waiting = PIPE_POINTS / (sum(sizes) / len(sizes) + 2) if sizes else PIPE_POINTS
    return Latencies(tuple(run.seconds), bool(sizes), max(waiting, 1.0), timeout)


# ----------------------------------------------------------------------------- state


@dataclass(repr=False)
class StateSizes:
    """How large the state was, all along a run.

    Attributes
    ----------
    counts : list of int
        After how many inputs the state was weighed.
    groups : dict of str to list of int
        By group id: bytes of its state in a snapshot, one for each of `counts`; 0 where there
        is none. Of a Handler that writes its own snapshot one entry, `snapshot`.
    whole : bool
        Whether that is the case.
    """

    counts: list[int] = field(default_factory=list)
    groups: dict[str, list[int]] = field(default_factory=dict)
    whole: bool = False

    @property
    def totals(self) -> list[int]:
        """Bytes of all groups together."""
        return [sum(sizes) for sizes in zip(*self.groups.values(), strict=True)]

    def add(self, count: int, sizes: dict[str, int]) -> None:
        """Take note of all sizes after `count` inputs."""
        for group in sizes:
            self.groups.setdefault(group, [0] * len(self.counts))
        self.counts.append(count)
        for group, column in self.groups.items():
            column.append(sizes.get(group, 0))

    def __repr__(self) -> str:
        last = self.totals[-1] if self.groups else 0
        groups = "a snapshot" if self.whole else f"{len(self.groups)} groups"
        return f"StateSizes({groups}, {last} bytes after {self.counts[-1] if self.counts else 0})"


def measure_state(simulation: Simulation, *, samples: int = 60) -> StateSizes:
    """Run a simulation's Handler once more and weigh its state now and then.

    Parameters
    ----------
    simulation : Simulation
        A finished run.
    samples : int, default: 60
        How many times, evenly spread over the inputs.

    Returns
    -------
    StateSizes
        The same run gives the same sizes.

    Raises
    ------
    ValueError
        If a state cannot be kept in a snapshot, with the reason.

    Notes
    -----
    Weighed is what Kapacitor would store (before compression): group states. What a Handler
    sets on itself is in no snapshot, and not in these figures.

    Examples
    --------
    >>> class Mean(Handler):
    ...     def group_state(self):
    ...         return []
    ...
    ...     def point(self, point, state):
    ...         state.append(point.fields["x"])
    ...         yield point.with_fields(mean=sum(state) / len(state))
    >>> run = simulate(Mean, [Point({"x": 1.5}, time=n, name="m") for n in range(3)])
    >>> measure_state(run).groups
    {'': [5, 9, 13]}
    """
    case, items = case_of(simulation), simulation.inputs
    whole = case.handler.snapshot is not Handler.snapshot
    sizes, marks = StateSizes(whole=whole), _marks(len(items), samples)
    try:
        with patch.dict("os.environ", case.env):
            process = case.start(snapshot=restored(simulation))
            try:
                for count, item in enumerate(track(items, f"state of {case.name}"), 1):
                    process.feed(item)
                    if process.error is not None:
                        break
                    if count in marks:
                        sizes.add(count, _own_size(process) if whole else _group_sizes(process))
            finally:
                process.kill()
    finally:
        case.hidden.reset()
    return sizes


def _marks(count: int, samples: int) -> set[int]:
    return {max(1, count * step // samples) for step in range(1, samples + 1)} if count else set()


def _own_size(process: Process) -> dict[str, int]:
    return {SNAPSHOT: len(process.take_snapshot())}


def _group_sizes(process: Process) -> dict[str, int]:
    encoder = Encoder(Namespace(type(process.instance)))
    return {
        group: _size(encoder, group, state)
        for group, state in process.instance.group_states.items()
    }


def _size(encoder: Encoder, group: str, state: Any) -> int:
    try:
        kept = encoder.state(state)
    except Unkept as error:
        raise ValueError(
            f"group {group!r} {error}: its state is in no snapshot, so it has no size there"
        ) from error
    return len(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode())
