"""A million points walked: what checkpoints cost a run, their memory, and how long a jump takes.

Jumps go to random places, each from the one before, in either direction, and to the end of the
widest gap between two checkpoints, the longest way there is. The goals are under one second for any
of them, and under 300 MB more than the run itself holds. Seconds are told twice, and both are held
against the goal: of CPU, so that what else the machine does falls on nobody, since one thread does
it all and waits for nothing; and by the wall, which is what an analyst waits, and is held against
it fairly on a quiet machine only. What checkpoints cost a run is in CPU time.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import statistics
import time
from collections import deque
from typing import Any, NamedTuple
from unittest.mock import patch

from kapnb import Handler, Option, Point, Simulation
from memory import rss_kib
from simulation import GROUP_BY, data

GOAL_S, GOAL_MB = 1.0, 300


class Average(Handler):
    """Mean of the last values of each group."""

    size = Option(int, default=100)

    def group_state(self) -> deque[float]:
        """Return an empty window."""
        return deque(maxlen=self.size)

    def point(self, point: Point, state: deque[float]) -> Any:
        """Add a value, give the mean."""
        state.append(point.fields["usage"])
        yield point.with_fields(mean=sum(state) / len(state))


class Totals(Handler):
    """Counts and sums, a little of each group."""

    def point(self, point: Point, state: dict[str, float]) -> Any:
        """Add to both; speak up now and then."""
        state["n"] = state.get("n", 0) + 1
        state["sum"] = state.get("sum", 0.0) + point.fields["usage"]
        if state["n"] % 100 == 0:
            yield point.with_fields(mean=state["sum"] / state["n"])


class Windows(Handler):
    """Keeps a thousand values of each group: a state of almost 2 MB."""

    def group_state(self) -> deque[float]:
        """Return a window that is full already."""
        return deque((number / 7 for number in range(1000)), maxlen=1000)

    def point(self, point: Point, state: deque[float]) -> Any:
        """Add a value, give what it is more than the oldest."""
        yield point.with_fields(rise=point.fields["usage"] - state[0])
        state.append(point.fields["usage"])


class Spent(NamedTuple):
    """How long something took, in seconds."""

    cpu: float
    wall: float


def run_of(handler: type[Handler], rows: int) -> Simulation:
    """Return a run, ready to go."""
    return Simulation(handler, data(rows), group_by=GROUP_BY, tags=("dc",), name="cpu")


def overhead(handler: type[Handler], rows: int, rounds: int) -> None:
    """Print what checkpoints cost a run: with and without, in turns, in CPU time."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * rounds):
        simulation, on = run_of(handler, rows), turn % 2 == 0
        with patch("kapnb.simulation._checkpoints.EVERY_S", 0.1 if on else math.inf):
            spent[on].append(timed(simulation.run).cpu)
    on, off = statistics.median(spent[True]), statistics.median(spent[False])
    print(f"{handler.__name__}, {rows:,} points: {on:.2f} s with checkpoints, {off:.2f} s without,")
    print(f"  {on / off - 1:+.1%} (CPU, medians of {rounds})")


def jumps(handler: type[Handler], rows: int, count: int) -> None:
    """Print how long jumps take, and what all of it holds."""
    simulation = run_of(handler, rows).run()
    checkpoints = simulation._checkpoints
    assert checkpoints is not None
    before = rss_kib(os.getpid())
    kept = f"{len(checkpoints)} checkpoints, {checkpoints.size / 1e6:.1f} MB"
    ends = itertools.pairwise([0, *checkpoints.positions, rows])
    gap, stop = max((stop - start, stop) for start, stop in ends)
    machine, rng = simulation.travel(), random.Random(1)
    ways = [rng.randrange(rows) for _ in range(count)]
    far = [stop - 1, rows - 1, 0, rows // 2, *ways]
    spent = [timed(lambda place=place: machine.go(place)) for place in far]
    by_time = timed(lambda: machine.go(simulation.inputs[rows - 2].time))
    steps = [timed(machine.back) for _ in range(20)]
    assert not machine.moment.doubts
    grown = (rss_kib(os.getpid()) - before) * 1024 + checkpoints.size
    print(f"{handler.__name__}, {rows:,} points: {kept} after the run; widest gap {gap:,} points")
    for clock in Spent._fields:
        jumped, back = (sorted(getattr(one, clock) for one in some) for some in (spent, steps))
        there = getattr(by_time, clock)
        print(
            f"    {len(far)} jumps, {clock}: median {statistics.median(jumped) * 1e3:.0f} ms,",
            end=" ",
        )
        print(f"longest {jumped[-1] * 1e3:.0f} ms; to a time {there * 1e3:.0f} ms;", end=" ")
        print(f"a step back {statistics.median(back) * 1e3:.0f} ms", end="; ")
        print(f"goal below {GOAL_S:.0f} s: {verdict(max(jumped[-1], there, back[-1]) < GOAL_S)}")
    print(
        f"    {grown / 1e6:.0f} MB more; goal below {GOAL_MB} MB: {verdict(grown < GOAL_MB * 1e6)}"
    )


def verdict(reached: bool) -> str:
    """Say whether a goal was reached."""
    return "reached" if reached else "MISSED"


def timed(call: Any) -> Spent:
    """Return what a call takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return Spent(time.process_time() - cpu, time.perf_counter() - wall)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--jumps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5, help="of a fifth of the rows each")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before")
    for handler in (Average, Totals, Windows):
        jumps(handler, arguments.rows, arguments.jumps)
        overhead(handler, arguments.rows // 5, arguments.rounds)


if __name__ == "__main__":
    main()
