"""What a live view costs the run it draws: at full speed, and at a pace; and what a frame costs.

Runs with and without a view are interleaved in one process, in turns first and second, so that
what else the machine does falls on both; each figure is the median of the pairs' ratios. Counted
is what lies between the first input and the last, without the last frame, which is drawn once
whatever the length of the run: CPU time of the run's thread, CPU time of the whole process, which
has all other threads, too, and wall time. Other programs lengthen wall time at random, so at full
speed the CPU time of the process is held against the goal, less than 10 % more. At a pace a run
mostly waits, and whatever it does in that time delays nothing: there it is wall time. The display
does to a bundle what a kernel does, JSON and base64, and sends it nowhere.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import time
from typing import Any

import numpy as np
import pandas as pd

from kapnb import Handler, Point, Simulation
from kapnb.notebook import LiveRun, LiveView

GOAL = 1.10


class Mean(Handler):
    """The mean of all values so far, per group."""

    def group_state(self) -> dict[str, float]:
        """Start with nothing."""
        return {"count": 0, "sum": 0.0}

    def point(self, point: Point, state: dict[str, float]) -> Any:
        """Add it up."""
        state["count"] += 1
        state["sum"] += point.fields["usage"]
        yield point.with_fields(mean=state["sum"] / state["count"])


class Display:
    """Does what a kernel does with a bundle, and notes when."""

    def __init__(self) -> None:
        self.frames: list[float] = []
        self.last_s = 0.0

    def __call__(self, data: dict[str, Any], **_: Any) -> Display:
        """Take a first bundle."""
        return self

    def update(self, data: dict[str, Any], **_: Any) -> None:
        """Take another one."""
        encoded = {
            key: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for key, value in data.items()
        }
        json.dumps(encoded)
        if "image/png" in data:
            self.frames.append(time.perf_counter())


class Ends:
    """Notes when the data was handled, before the last frame is drawn."""

    every_input = False

    def started(self, simulation: Simulation) -> None:
        """Begin."""
        self.began = time.perf_counter(), time.process_time(), time.thread_time()

    def advanced(self, simulation: Simulation) -> None:
        """Go on."""

    def finished(self, simulation: Simulation) -> None:
        """End."""
        self.wall = time.perf_counter() - self.began[0]
        self.cpu = time.process_time() - self.began[1]
        self.thread_cpu = time.thread_time() - self.began[2]


def data(rows: int, rate: float) -> pd.DataFrame:
    """Return a frame of so many rows a second of event time, in eight groups."""
    number = np.arange(rows)
    times = 1_750_000_000_000_000_000 + (number * (1e9 / rate)).astype("int64")
    return pd.DataFrame(
        {
            "host": np.array([f"host{n}" for n in range(8)])[number % 8],
            "usage": np.random.default_rng(1).normal(50, 10, rows),
        },
        index=pd.to_datetime(times, utc=True, unit="ns"),
    )


def run(frame: pd.DataFrame, *, drawn: bool, speed: Any) -> tuple[Ends, float, Display]:
    """Run once; return when it ended, the CPU time of all, and what was displayed."""
    display, ends = Display(), Ends()
    simulation = Simulation(Mean, frame, group_by="host", name="cpu", observers=[ends])
    live = LiveRun(simulation, drawn, speed=speed, wait=True, display=display, attended=True)
    began = time.process_time()
    live.start()
    live.wait()
    assert len(simulation.outputs) == len(frame)
    assert not simulation.warnings
    return ends, time.process_time() - began, display


def compare(title: str, frame: pd.DataFrame, speed: Any, rounds: int) -> None:
    """Print the ratio of a run with a view to one without."""
    ratios: dict[str, list[float]] = {"thread_cpu": [], "cpu": [], "wall": []}
    wholes: list[float] = []
    frames: list[float] = []
    for number in range(rounds):
        first = bool(number % 2)  # is the drawn one
        pair = {drawn: run(frame, drawn=drawn, speed=speed) for drawn in (first, not first)}
        (plain, plain_whole, _), (drawn, whole, display) = pair[False], pair[True]
        for kind, found in ratios.items():
            found.append(getattr(drawn, kind) / getattr(plain, kind))
        wholes.append(whole / plain_whole)
        frames.append(max(len(display.frames) - 1, 0) / drawn.wall)
    middle = {kind: statistics.median(found) for kind, found in ratios.items()}
    counted = "cpu" if speed == "max" else "wall"
    verdict = "reached" if middle[counted] < GOAL else "MISSED"
    print(
        f"    {title:<27} CPU {middle['thread_cpu']:.3f} x thread, {middle['cpu']:.3f} x process; "
        f"wall {middle['wall']:.3f} x; {statistics.median(frames):.1f} frames/s; "
        f"goal {GOAL:.2f} {counted} ({min(ratios[counted]):.3f} to {max(ratios[counted]):.3f}): "
        f"{verdict}; with the last frame {statistics.median(wholes):.2f} x CPU"
    )


def frame_costs(rows: int) -> None:
    """Print what one frame costs, live and last, after so many points."""
    frame, display = data(rows, 1000), Display()
    view = LiveView(True, display=display, fps=1e-9)
    simulation = Simulation(Mean, frame, group_by="host", name="cpu", observers=[view])

    class Draws(Ends):
        def finished(self, simulation: Simulation) -> None:
            costs = []
            for _ in range(12):
                began = time.process_time()
                view.look()
                costs.append(time.process_time() - began)
            print(
                f"    a live frame after {rows:>9,} points  {1000 * costs[0]:>6.1f} ms the first, "
                f"{1000 * statistics.median(costs[2:]):.1f} ms then"
            )
            self.began_last = time.process_time()

    draws = Draws()
    simulation = Simulation(Mean, frame, group_by="host", name="cpu", observers=[draws])
    simulation.watch(view)
    simulation.run()
    took = time.process_time() - draws.began_last
    print(f"    the last frame after {rows:>7,} points  {1000 * took:>6.1f} ms")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=800_000, help="at full speed")
    parser.add_argument("--seconds", type=float, default=5, help="of event time, at a pace")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"\nA run with a live view, against one without; medians of {arguments.rounds}")
    compare("full speed", data(arguments.rows, 1000), "max", arguments.rounds)
    for rate in (1_000, 100_000):
        rows = round(rate * arguments.seconds)
        compare(f"{rate:,} points/s, real time", data(rows, rate), 1.0, arguments.rounds)
    print("\nCPU of one frame")
    for rows in (2_000, 200_000):
        frame_costs(rows)


if __name__ == "__main__":
    main()
