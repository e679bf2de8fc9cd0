"""What went in and what came out, as one DataFrame."""

import pandas as pd
import pytest

from kapnb import BATCH, Batch, Handler, Point, simulate

NS = "datetime64[ns, UTC]"


class Twice(Handler):
    """Sends large ones twice, a second later, and small ones never."""

    def point(self, point):
        if point.fields["n"] > 1:
            for part in (0, 1):
                copy = point.with_fields(part=part, even=point.fields["n"] % 2 == 0)
                copy.time += 10**9
                yield copy


@pytest.fixture
def run():
    points = [
        Point({"n": n, "x": n / 2}, time=n + 1, name="m", tags={"host": "ab"[n % 2]})
        for n in range(4)
    ]
    return simulate(Twice, points, group_by="host")


def test_each_input_stands_beside_its_outputs(run):
    """One row a pair, and one for what gave nothing."""
    frame = run.pair_frame
    assert list(frame["input"]) == [0, 1, 2, 2, 3, 3]
    assert list(frame["n"]) == [0, 1, 2, 2, 3, 3]
    assert frame["part"].tolist() == [pd.NA, pd.NA, 0, 1, 0, 1]
    assert {"x", "x_out", "host", "host_out", "time_out"} <= set(frame.columns)


def test_times_are_nanoseconds_on_both_sides(run):
    """Whatever unit pandas prefers."""
    frame = run.pair_frame
    assert str(frame.index.dtype) == NS
    assert str(frame["time_out"].dtype) == NS
    assert frame.index.asi8.tolist() == [1, 2, 3, 3, 4, 4]
    assert frame["time_out"].iloc[2] - frame.index[2] == pd.Timedelta(seconds=1)


def test_an_int_stays_an_int_beside_a_gap(run):
    """A double would be another type to Kapacitor."""
    kinds = run.pair_frame.dtypes.astype(str)
    assert kinds["n"] == "int64"
    assert kinds["n_out"] == "Int64"
    assert kinds["even"] == "boolean"


def test_what_gave_nothing_is_a_frame(run):
    """With the positions of the inputs."""
    frame = run.dropped_frame
    assert list(frame["input"]) == [0, 1]
    assert list(frame["host"]) == ["a", "b"]


def test_groups_are_counted(run):
    """What came, what was sent, what gave nothing."""
    assert run.group_frame.reset_index().values.tolist() == [
        ["host=a", 2, 2, 1],
        ["host=b", 2, 2, 1],
    ]


def test_points_of_batches_do_not_pair():
    """Which of one belongs to which of the other, nobody knows."""

    class Whole(Handler):
        wants = provides = BATCH

    batch = Batch([Point({"x": 1.5}, time=1)], tmax=2)
    run = simulate(Whole, [batch])
    with pytest.raises(ValueError, match="points of batches do not pair"):
        _ = run.pair_frame
    assert run.group_frame["outputs"].tolist() == [1]
    assert run.dropped_frame.empty
