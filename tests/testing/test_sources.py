"""check_source: our own Sources pass it, and each broken promise is found."""

import itertools
from pathlib import Path

import pandas as pd
import pytest

from kapnb.model import BATCH, INT_MAX, STREAM, Batch, Point
from kapnb.sources import (
    BatchRecording,
    Csv,
    Frame,
    Items,
    LineProtocol,
    Parquet,
    Queried,
    StreamRecording,
    typed,
)
from kapnb.sources.synthetic import experiment, turbine, weld
from kapnb.testing import check_source

DATA = Path(__file__).parent.parent / "data"
STREAM_RECORDING = DATA / "recordings" / "rec_query_stream.srpl"
BATCH_RECORDING = DATA / "recordings" / "host_cpu_batch.brpl"


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def frame():
    return pd.DataFrame({"time": [1, 2], "host": ["a", "b"], "n": [1, 2], "x": [0.5, None]})


def parquet(tmp_path):
    path = tmp_path / "rows.parquet"
    frame().to_parquet(path)
    return path


SOURCES = {
    "Items of points": lambda folder: Items(StreamRecording(STREAM_RECORDING)),
    "Items of batches": lambda folder: Items(BatchRecording(BATCH_RECORDING)),
    "Frame": lambda folder: Frame(frame(), tags="host", name="m"),
    "Csv": lambda folder: Csv(written(folder, "rows.csv", "time,h,v\n1,a,2\n3,,4.5\n"), tags="h"),
    "Parquet": lambda folder: Parquet(parquet(folder), tags="host"),
    "LineProtocol": lambda folder: LineProtocol(written(folder, "r.lp", 'm,t=a s="x",n=1i 1\n')),
    "StreamRecording": lambda folder: StreamRecording(STREAM_RECORDING),
    "BatchRecording": lambda folder: BatchRecording(BATCH_RECORDING),
    "Queried": lambda folder: Queried(StreamRecording(STREAM_RECORDING), group_by="host"),
    "Queried in windows": lambda folder: Queried(
        StreamRecording(STREAM_RECORDING), group_by="*", period="3s", every="1s"
    ),
    "typed points": lambda folder: typed(StreamRecording(STREAM_RECORDING), "query"),
    "typed batches": lambda folder: typed(BatchRecording(BATCH_RECORDING), "rest"),
    "turbine": lambda folder: turbine(rows=500, seed=3),
    "weld": lambda folder: weld(rows=500, seed=3),
}


@pytest.mark.parametrize("name", SOURCES)
def test_our_own_sources_keep_their_promises(tmp_path, name):
    """Those that need no server; InfluxDB's is checked where there is one."""
    check_source(SOURCES[name](tmp_path))


def test_a_source_may_be_out_of_order_if_it_says_so():
    """As the experiment's is, whose second series lags by a second."""
    with pytest.raises(AssertionError, match="say ordered=False"):
        check_source(experiment(seconds=3))
    check_source(experiment(seconds=3), ordered=False)


def point(value=1, time=0, **more):
    return Point({"v": value}, time=time, name="m", **more)


class Given:
    """A Source that iterates what `make` returns."""

    def __init__(self, make, edge=STREAM):
        self.make = make
        self.edge = edge

    def __iter__(self):
        return iter(self.make())


def forced(**fields):
    """Return a point with fields that Point would refuse."""
    made = Point({}, time=0)
    made.fields._values.update(fields)
    return made


def once():
    iterator = iter([point()])
    return Given(lambda: iterator)


def growing():
    lengths = itertools.count(1)
    return Given(lambda: [point() for _ in range(next(lengths))])


def shrinking():
    lengths = iter([2, *[1] * 9])
    return Given(lambda: [point() for _ in range(next(lengths))])


def retyped():
    values = iter([1, *[1.0] * 9])
    return Given(lambda: [point(next(values))])


def shared():
    kept = [point()]
    return Given(lambda: kept)


def one_position():
    """A Source with one position for all of its iterations."""

    class Reader:
        edge = STREAM
        at = 0

        def __iter__(self):
            self.at = 0
            while self.at < 4:
                self.at += 1
                yield point(self.at)

    return Reader()


def shared_fields():
    """New points that share one mapping."""
    kept = point().fields

    def make():
        made = point()
        made._fields = kept
        return [made]

    return Given(make)


def batches(*points, **more):
    return Given(lambda: [Batch([each.copy() for each in points], name="m", **more)], BATCH)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ([point()], "has no edge"),
        (Given(lambda: [point()], "stream"), "edge is 'stream'"),
        (Given(list), "there are no items"),
        (Given(lambda: [Batch([], tmax=0)]), "item 0: Batch on an edge of STREAM"),
        (Given(lambda: [point()], BATCH), "item 0: Point on an edge of BATCH"),
        (Given(lambda: [Point({"v": 1})]), "item 0: the point has no time"),
        (Given(lambda: [Point({}, time=0)]), "item 0: the point has no field"),
        (Given(lambda: [forced(v=[1])]), "field 'v': list is no type"),
        (Given(lambda: [forced(v=INT_MAX + 1)]), "does not fit 64 bits"),
        (Given(lambda: [point(float("nan"))]), "field 'v': nan cannot be stored"),
        (Given(lambda: [point("\ud800")]), "field 'v': '.*' is no UTF-8"),
        (Given(lambda: [point(tags={"a": "\ud800"})]), "tag 'a': '.*' is no UTF-8"),
        (Given(lambda: [point(time=1), point(time=0)]), "item 1: its time 0 is before the 1"),
        (batches(point(time=1), point(time=0), tmax=1), "not in the order of time"),
        (batches(point(time=1), tmax=0), "item 0: a point is behind tmax"),
        (batches(point(time=1)), "item 0: the batch has no tmax"),
        (batches(Point({}, time=0), tmax=0), "item 0, point 0: the point has no field"),
        (once(), "iterated again: 0 items, 1 at first"),
        (growing(), "iterated again: more items than the 1 at first"),
        (shrinking(), "iterated again: 1 items, 2 at first"),
        (retyped(), "iterated again: item 0 is .*, another than at first"),
        (one_position(), "disturb each other"),
        (shared(), "item 0: two iterations share it"),
        (shared_fields(), "after items of an earlier iteration were changed: item 0"),
    ],
)
def test_a_promise_that_is_broken_is_named(source, problem):
    """With the item at fault."""
    with pytest.raises(AssertionError, match=problem):
        check_source(source)
