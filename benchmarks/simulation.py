"""A million rows through a mirror Handler in the simulation: where the time goes, and how much.

Each stage is measured beside the plain way of doing it, in one run, interleaved, in CPU time, so
that what else the machine does falls on both; quote the ratios, not the figures. The goals are at
least twice as fast as `itertuples` going in, and three times as fast as a dict a point coming out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from kapnb import Handler, Point, Simulation
from kapnb.protocol import ProtobufCodec, decode_columns, point_frames
from kapnb.protocol._wire import schema
from kapnb.simulation._edges import encoded_rows
from kapnb.simulation._node import UdfNode
from kapnb.sources import Frame
from memory import rss_kib

TAGS, GROUP_BY = ("host", "cpu", "dc"), ("cpu", "host")
GOAL_IN, GOAL_OUT = 2.0, 3.0


class Mirror(Handler):
    """Gives every point back."""

    def point(self, point: Point) -> Point:
        """Return it untouched."""
        return point


class Sum(Handler):
    """Gives every point back with a field more."""

    def point(self, point: Point) -> Any:
        """Read two fields and set one."""
        yield point.with_fields(sum=point.fields["usage"] + point.fields["idle"])


def data(rows: int) -> pd.DataFrame:
    """Return a frame of three tags, two doubles and an int."""
    random = np.random.default_rng(1)
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "host": np.array([f"host{n:02}" for n in range(50)])[number % 50],
            "cpu": np.array([f"cpu{n}" for n in range(4)])[number % 4],
            "dc": "east",
            "usage": random.normal(50, 10, rows),
            "idle": random.normal(50, 10, rows),
            "n": random.integers(0, 100_000, rows),
        },
        index=pd.date_range("2026-01-01", periods=rows, freq="10ms", tz="UTC", unit="ns"),
    )


# ------------------------------------------------------------------------ the plain way


def requests_by_itertuples(frame: pd.DataFrame) -> list[bytes]:
    """Return the requests, each a message with its attributes set."""
    classes = schema()
    requests = []
    for time_, host, cpu, dc, usage, idle, n in frame.itertuples():
        request = classes.Request()
        point = request.point
        point.time, point.name = time_.value, "cpu"
        point.group = f"cpu={cpu},host={host}"
        point.dimensions.extend(GROUP_BY)
        point.tags["host"], point.tags["cpu"], point.tags["dc"] = host, cpu, dc
        point.fieldsDouble["usage"], point.fieldsDouble["idle"] = usage, idle
        point.fieldsInt["n"] = n
        requests.append(request.SerializeToString(deterministic=True))
    return requests


def frame_by_dicts(points: list[bytes]) -> pd.DataFrame:
    """Return the points as a frame, made from a dict each."""
    parse = schema().Point.FromString
    rows = []
    for raw in points:
        message = parse(raw)
        rows.append(
            {
                "time": message.time,
                **message.tags,
                **message.fieldsDouble,
                **message.fieldsInt,
                **message.fieldsString,
                **message.fieldsBool,
            }
        )
    frame = pd.DataFrame(rows).set_index("time")
    frame.index = pd.to_datetime(frame.index, utc=True)
    return frame


# --------------------------------------------------------------------------- our way


def encoded(frame: pd.DataFrame) -> list[bytes]:
    """Return the rows as encoded points."""
    table = Frame(frame, tags=TAGS, name="cpu").table()
    return list(encoded_rows(table, GROUP_BY, by_measurement=False))


def collected(points: list[bytes]) -> pd.DataFrame:
    """Return the points as a frame, made column by column."""
    from kapnb.handler._frames import frame_from_columns

    return frame_from_columns(*decode_columns(points))


def fed(points: list[bytes], handler: type[Handler]) -> UdfNode:
    """Pass points through a Handler; in between, they are what an agent reads and writes."""
    node = UdfNode(handler, task_id="task", node_id="node")
    node.ask_info()
    node.start(())
    for start in range(0, len(points), 512):
        node.feed_points(points[start : start + 512])
    node.take_snapshot()
    node.close()
    node.stop()
    return node


def spent(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of CPU that a call used, and what it returned."""
    began = time.process_time()
    result = call()
    return time.process_time() - began, result


def against_the_plain_way(rounds: int, rows: int) -> None:
    """Print both ways of the two stages, and their ratios with the goals."""
    frame = data(rows)
    ways: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {"in": [], "out": []}
    for _ in range(rounds):
        plain, requests = spent(lambda: requests_by_itertuples(frame))
        ours, points = spent(lambda: encoded(frame))
        framing, frames = spent(lambda points=points: point_frames(points))
        codec = ProtobufCodec(deterministic=True)
        assert codec.decode_request(requests[-1]).raw == points[-1]
        assert frames.endswith(requests[-1])
        dicts, expected = spent(lambda points=points: frame_by_dicts(points))
        columns, found = spent(lambda points=points: collected(points))
        pd.testing.assert_frame_equal(found[expected.columns], expected, check_freq=False)
        ways.setdefault("in: itertuples, a message each", []).append(plain)
        ways.setdefault("in: series and columns", []).append(ours + framing)
        ways.setdefault("out: a dict each, DataFrame", []).append(dicts)
        ways.setdefault("out: columns, DataFrame", []).append(columns)
        ratios["in"].append(plain / (ours + framing))
        ratios["out"].append(dicts / columns)
    print(f"\n{rows:,} rows (3 tags, 2 doubles, 1 int), CPU, medians of {rounds} rounds")
    for way, seconds in ways.items():
        middle = statistics.median(seconds)
        print(f"    {way:<34} {middle / rows * 1e6:>7.2f} µs a row {rows / middle:>11,.0f} rows/s")
    for side, goal in (("in", GOAL_IN), ("out", GOAL_OUT)):
        ratio = statistics.median(ratios[side])
        verdict = "reached" if ratio >= goal else "MISSED"
        print(f"    {side:<4} {ratio:.1f} x the plain way; goal {goal:.0f} x: {verdict}")


def whole_run(rows: int, handler: type[Handler]) -> None:
    """Print the time of a whole run from frame to frame, and the share of each stage."""
    frame = data(rows)
    simulation = Simulation(handler, frame, group_by=GROUP_BY, tags=("dc",), name="cpu")
    before = rss_kib(os.getpid())
    run, _ = spent(simulation.run)
    grown = rss_kib(os.getpid()) - before
    out, _ = spent(lambda: simulation.frame)
    encoding, points = spent(lambda: encoded(frame))
    framing, _ = spent(lambda: [point_frames(points[n : n + 512]) for n in range(0, rows, 512)])
    feeding, node = spent(lambda: fed(points, handler))
    assert node.transcript.responses == simulation.transcript.responses
    stages = {
        "rows to encoded points": encoding,
        "to frames": framing,
        "agent, Handler, answers taken": feeding - framing,
        "the rest of the run": max(run - encoding - feeding, 0.0),
        "outputs to a DataFrame": out,
    }
    total = run + out
    print(f"\n{handler.__name__}, {rows:,} rows from frame to frame: {total:.1f} s CPU,")
    print(f"  {rows / total:,.0f} rows/s; {grown / 1024:,.0f} MiB more after the run")
    for stage, seconds in stages.items():
        print(f"    {stage:<34} {seconds / rows * 1e6:>7.2f} µs a row {seconds / total:>11.0%}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="of a fifth of the rows each")
    arguments = parser.parse_args()
    for handler in (Mirror, Sum):
        whole_run(arguments.rows, handler)
    against_the_plain_way(arguments.rounds, arguments.rows // 5)


if __name__ == "__main__":
    main()
