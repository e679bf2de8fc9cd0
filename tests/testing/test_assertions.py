"""Assertions on outputs say where they differ, and how."""

from __future__ import annotations

import pandas as pd
import pytest

from handlers_of_faults import Average, Mirror, Widest, batches, points
from kapnb import BATCH, Batch, Handler, Point, simulate
from kapnb.testing import assert_frame, assert_outputs, assert_transcript


class Kept(Handler):
    wants = provides = BATCH


def mirrored(*items):
    return simulate(Mirror, items)


def test_what_an_expected_point_leaves_out_is_not_compared():
    """Only fields are, always."""
    run = mirrored(Point({"x": 1.5}, time=7, name="m", tags={"a": "b"}))

    assert_outputs(run, [Point({"x": 1.5})])
    assert_outputs(run, [Point({"x": 1.5}, time=7, name="m", tags={"a": "b"})])


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ([Point({"x": 2.5})], "output 0, for input 0: field 'x' is 1.5 where 2.5 was expected"),
        ([Point({"x": 1.5, "y": 1})], "there is no field 'y' where 1 was expected"),
        ([Point({"y": 1.5})], "there is no field 'y'"),
        ([Point({"x": 1.5}, time=8)], "time is 7 where 8 was expected"),
        ([Point({"x": 1.5}, name="n")], "name is 'm' where 'n' was expected"),
        ([Point({"x": 1.5}, tags={"a": "c"})], "tags is {'a': 'b'} where {'a': 'c'} was expected"),
        ([Batch([])], "a Point where a Batch was expected"),
        ([], "1 outputs where 0 were expected; the first more: Point(m a=b"),
        ([Point({"x": 1.5})] * 2, "1 outputs where 2 were expected; the first missing: Point("),
    ],
)
def test_a_difference_is_named(expected, text):
    """Output, input, and what is other."""
    run = mirrored(Point({"x": 1.5}, time=7, name="m", tags={"a": "b"}))

    with pytest.raises(AssertionError) as caught:
        assert_outputs(run, expected)

    assert text in str(caught.value)


def test_an_int_is_no_double_and_nan_is_nan():
    """As Kapacitor tells them apart."""
    run = mirrored(Point({"x": 1}, time=7))

    with pytest.raises(AssertionError, match=r"field 'x' is 1 where 1\.0 was expected"):
        assert_outputs(run, [Point({"x": 1.0})])
    nan = mirrored(Point({"x": float("nan"), "y": 1}, time=7))
    assert_outputs(nan, [Point({"x": float("nan"), "y": 1})])


def test_a_field_too_many_is_named():
    """What a Handler adds must be expected."""
    run = mirrored(Point({"x": 1.5, "y": 2}, time=7))

    with pytest.raises(AssertionError, match="there is a field 'y' that was not expected"):
        assert_outputs(run, [Point({"x": 1.5})])


def test_doubles_may_differ_by_a_tolerance():
    """If it is asked for."""
    run = mirrored(Point({"x": 0.1 + 0.2}, time=7))

    assert_outputs(run, [Point({"x": 0.3})], rel=1e-12)
    with pytest.raises(AssertionError, match=r"0.30000000000000004 where 0.3"):
        assert_outputs(run, [Point({"x": 0.3})])


def test_batches_are_compared_point_by_point():
    """With name, tags and tmax where they are given."""
    data = batches(1, 2)
    run = simulate(Kept, data)

    assert_outputs(run, [Batch([Point({"x": 0.0, "y": 1.5}), Point({"x": 1.0, "y": 1.5})])])
    for wrong, text in (
        (Batch([Point({"x": 9.0, "y": 1.5})]), "point 0 of the batch: field 'x' is 0.0"),
        (Batch([Point({"x": 0.0, "y": 1.5})]), "2 points where 1 were expected"),
        (Batch(data[0].points, tags={"host": "z"}), "tags is {'host': 'a'}"),
        (Batch(data[0].points, tmax=3), "tmax is 9000000000 where 3"),
    ):
        with pytest.raises(AssertionError) as caught:
            assert_outputs(run, [wrong])
        assert text in str(caught.value)


def test_frames_are_compared_by_their_columns():
    """Others may be there; one that is not is named."""
    run = simulate(Average, points(3), group_by="host")

    assert_frame(run, pd.DataFrame({"mean": [1.0, 4.0, 5.0]}))
    with pytest.raises(AssertionError, match='column name="mean"'):
        assert_frame(run, pd.DataFrame({"mean": [1.0, 4.0, 6.0]}))
    with pytest.raises(AssertionError, match="no output has 'median'; the columns are input"):
        assert_frame(run, pd.DataFrame({"median": [1.0, 4.0, 6.0]}))


def test_transcripts_are_compared_by_their_responses(tmp_path):
    """With another run, or with a file."""
    run, other = simulate(Widest, batches()), simulate(Widest, batches(11))
    run.transcript.save(tmp_path / "run.transcript")

    assert_transcript(run, tmp_path / "run.transcript")
    assert_transcript(run.transcript, run.transcript)
    with pytest.raises(AssertionError, match=r"response 13 differs\n  expected: point"):
        assert_transcript(other, tmp_path / "run.transcript")
