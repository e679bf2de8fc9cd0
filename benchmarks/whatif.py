"""What a second process gains a sweep: the same combinations in one process and in two, in turns.

The figure is the median of the pairs' ratios of wall time, since that is what an analyst waits and
what processes side by side save. Other programs on the machine take from two processes more than
from one, so beside it stand two figures more. One is what this machine let two gain meanwhile: bare
processes that count and share nothing, measured in turns with the sweeps. The other is told by CPU
time, which others do not lengthen: all of a sweep in one process, over what several leave to do
one after the other, which is the work of the parent and the share of each process in theirs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kapnb import Handler, Option, Point, sweep
from simulation import GROUP_BY, data


class Spread(Handler):
    """How far a value is from the mean of the last ones, in their standard deviations."""

    size = Option(int)
    limit = Option(float)

    def group_state(self) -> deque[float]:
        """Return an empty window."""
        return deque(maxlen=self.size)

    def point(self, point: Point, state: deque[float]) -> Any:
        """Give the points that are further away than the limit."""
        value = point.fields["usage"]
        state.append(value)
        mean = sum(state) / len(state)
        spread = (sum((one - mean) ** 2 for one in state) / len(state)) ** 0.5
        if abs(value - mean) > self.limit * spread:
            yield point.with_fields(mean=mean)


class Spent(NamedTuple):
    """Seconds: by the wall, and of CPU on the longest way."""

    wall: float
    work: float


def swept(frame: Any, workers: int) -> Spent:
    """Return the seconds of a sweep."""
    began = time.perf_counter()
    parent, children = time.process_time(), children_work()
    found = sweep(
        Spread,
        frame,
        group_by=GROUP_BY,
        tags=("dc",),
        name="cpu",
        workers=workers,
        progress=False,
        size=[20, 40],
        limit=[2.0, 3.0],
    )
    wall = time.perf_counter() - began
    work = time.process_time() - parent + (children_work() - children) / workers
    assert all(run.error is None and len(run.inputs) == len(frame) for run in found)
    return Spent(wall, work)


def children_work() -> float:
    """Return the CPU time of all processes that were forked and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def counting(steps: int) -> None:
    """Do something that needs nothing but a processor."""
    total = 0
    for number in range(steps):
        total += number


def counted(steps: int, workers: int) -> float:
    """Return the seconds in which so many bare processes count four times so far."""
    began = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        pool.map(counting, [steps] * 4, chunksize=1)
    return time.perf_counter() - began


def in_turns(call: Callable[[int], Any], workers: int, turn: int) -> tuple[Any, Any]:
    """Return what one and several take; either is the first in every other turn."""
    order = (1, workers) if turn % 2 == 0 else (workers, 1)
    spent = {count: call(count) for count in order}
    return spent[1], spent[workers]


def tell(what: str, pairs: Sequence[tuple[float, float]]) -> float:
    """Print how much faster several are than one; return it."""
    ratios = [one / several for one, several in pairs]
    one, several = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(ratios)
    span = f"{min(ratios):.2f} … {max(ratios):.2f}"
    print(f"  {what:24} {one:5.2f} s, {several:5.2f} s: {ratio:.2f} times as fast ({span})")
    return ratio


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    workers, frame = arguments.workers, data(arguments.rows)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before")
    ours, bare = [], []
    for turn in range(arguments.rounds):
        bare.append(in_turns(lambda count: counted(20_000_000, count), workers, turn))
        ours.append(in_turns(lambda count: swept(frame, count), workers, turn))
    print(
        f"4 runs of {arguments.rows:,} points, 1 process and {workers}, {arguments.rounds} rounds:"
    )
    gained = tell("sweep", [(one.wall, several.wall) for one, several in ours])
    could = tell("bare processes", bare)
    print(
        f"  the sweep gained {gained / could:.0%} of what the machine let {workers} gain meanwhile"
    )
    tell("sweep, by CPU time", [(one.work, several.work) for one, several in ours])


if __name__ == "__main__":
    main()
