"""A million points walked: what checkpoints cost a run, their memory, and how long a jump takes.

Jumps go to random places, each from the one before, in either direction. The goals are under one
second for any of them, and under 300 MB more than the run itself holds. Seconds are of CPU, so that
what else the machine does falls on nobody; one thread does it all, and waits for nothing.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import time
from collections import deque
from typing import Any
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


def run_of(handler: type[Handler], rows: int) -> Simulation:
    """Return a run, ready to go."""
    return Simulation(handler, data(rows), group_by=GROUP_BY, tags=("dc",), name="cpu")


def overhead(handler: type[Handler], rows: int, rounds: int) -> None:
    """Print what checkpoints cost a run: with and without, in turns, in CPU time."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * rounds):
        simulation, on = run_of(handler, rows), turn % 2 == 0
        with patch("kapnb.simulation._checkpoints.EVERY_S", 0.1 if on else math.inf):
            began = time.process_time()
            simulation.run()
            spent[on].append(time.process_time() - began)
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
    machine, rng = simulation.travel(), random.Random(1)
    ways = [rng.randrange(rows) for _ in range(count)]
    far = [rows - 1, 0, rows // 2, *ways]
    seconds = [timed(lambda place=place: machine.go(place)) for place in far]
    by_time = timed(lambda: machine.go(simulation.inputs[rows - 2].time))
    steps = [timed(machine.back) for _ in range(20)]
    assert not machine.moment.doubts
    grown = (rss_kib(os.getpid()) - before) * 1024 + checkpoints.size
    print(f"{handler.__name__}, {rows:,} points: {kept} after the run")
    print(f"    {len(far)} jumps, CPU: median {statistics.median(seconds) * 1e3:.0f} ms,", end=" ")
    print(f"longest {max(seconds) * 1e3:.0f} ms; to a time {by_time * 1e3:.0f} ms;", end=" ")
    print(f"a step back {statistics.median(steps) * 1e3:.0f} ms")
    verdict = "reached" if max(*seconds, by_time, *steps) < GOAL_S else "MISSED"
    print(f"    goal below {GOAL_S:.0f} s: {verdict}")
    verdict = "reached" if grown < GOAL_MB * 1e6 else "MISSED"
    print(f"    {grown / 1e6:.0f} MB more; goal below {GOAL_MB} MB: {verdict}")


def timed(call: Any) -> float:
    """Return the seconds of CPU that a call takes."""
    began = time.process_time()
    call()
    return time.process_time() - began


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--jumps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5, help="of a fifth of the rows each")
    arguments = parser.parse_args()
    for handler in (Average, Totals):
        jumps(handler, arguments.rows, arguments.jumps)
        overhead(handler, arguments.rows // 5, arguments.rounds)


if __name__ == "__main__":
    main()
