"""Times of a DataFrame are nanoseconds, whatever unit this pandas keeps them in.

pandas 2 makes nanoseconds of texts, pandas 3 microseconds; either can be told otherwise. All of
this runs with the pandas that is there: ``make pandas`` runs it with 2.2 besides.
"""

import pandas as pd
import pytest

from kapnb import BATCH, Handler, Option, Point, simulate

FIRST = 1_767_225_600_123_456_000  # 2026-01-01T00:00:00.123456Z
STEP = 1_000_000_000


def frame_in(unit, *, column=False):
    """Three rows a second apart, whose times have this unit."""
    times = pd.DatetimeIndex(
        ["2026-01-01T00:00:00", "2026-01-01T00:00:01", "2026-01-01T00:00:02"], tz="UTC"
    ).as_unit(unit)
    assert times.unit == unit
    data = {"x": [1.5, 2.5, 3.5]}
    return pd.DataFrame({"when": times, **data} if column else data, None if column else times)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("column", [False, True])
def test_every_unit_arrives_as_nanoseconds(unit, column):
    """In the index, and in a column."""
    settings = {"time": "when"} if column else {}
    run = simulate(Handler, frame_in(unit, column=column), **settings)
    start = 1_767_225_600 * STEP
    assert [point.time for point in run.inputs] == [start, start + STEP, start + 2 * STEP]


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00.123456Z", "2026-01-01 00:00:00.123456"])
def test_what_pandas_makes_of_texts_arrives_whole(text):
    """Whatever unit it chose for them."""
    times = pd.to_datetime([text], utc=True)
    (point,) = simulate(Handler, pd.DataFrame({"x": [1.5]}, times)).inputs
    assert point.time == FIRST


def test_a_range_arrives_whole():
    """As people make times for an example."""
    times = pd.date_range("2026-01-01", periods=3, freq="s")
    run = simulate(Handler, pd.DataFrame({"x": [1.5, 2.5, 3.5]}, times))
    assert [point.time - run.inputs[0].time for point in run.inputs] == [0, STEP, 2 * STEP]
    assert run.inputs[0].time == 1_767_225_600 * STEP


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_every_frame_that_comes_back_is_in_nanoseconds(unit):
    """Inputs, outputs, pairs, what gave nothing."""
    run = simulate(Handler, frame_in(unit))
    for frame in (run.frame, run.input_frame, run.pair_frame, run.dropped_frame):
        assert str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert run.frame.index.asi8.tolist() == [point.time for point in run.inputs]


class Whole(Handler):
    """Takes a batch as a DataFrame, and sends one whose times pandas made in its own unit."""

    wants = provides = BATCH
    shift = Option(int, default=1)

    def frame(self, frame):
        assert str(frame.index.dtype) == "datetime64[ns, UTC]"
        seconds = frame.index.as_unit("s")
        return frame.set_index(seconds + pd.Timedelta(seconds=self.shift))


def test_a_frame_that_a_handler_returns_may_have_any_unit():
    """It goes out in nanoseconds."""
    from kapnb import Batch

    points = [Point({"x": 1.5}, time=number * STEP) for number in range(3)]
    run = simulate(Whole, [Batch(points, name="m", tmax=3 * STEP)])
    (output,) = run.outputs
    assert [point.time for point in output.item.points] == [STEP, 2 * STEP, 3 * STEP]
