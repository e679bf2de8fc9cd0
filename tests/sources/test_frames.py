"""DataFrames to points and back, under the pandas that is installed."""

import datetime as dt
import decimal
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb.errors import MissingExtra, SourceError
from kapnb.handler._frames import frame_from_points, points_from_frame
from kapnb.model import INT_MAX, INT_MIN, STREAM, Point, Source
from kapnb.sources import Frame

NOON = 1769860800_000000000
TIMES = pd.DatetimeIndex(["2026-01-31T12:00:00Z", "2026-01-31T12:00:01Z", "2026-01-31T12:00:02Z"])

MIDNIGHT_IN_PARIS = dt.datetime(2026, 1, 31, tzinfo=dt.timezone(dt.timedelta(hours=1)))


def column(values, dtype=None):
    """Return the values of one column as fields, None where they are absent."""
    series = pd.Series(values, index=TIMES[: len(values)], dtype=dtype)
    return [point.fields.get("v") for point in points_from_frame(pd.DataFrame({"v": series}))]


def refused(frame, **more):
    """Return the words with which a frame is refused."""
    with pytest.raises(SourceError) as caught:
        list(points_from_frame(frame, **more))
    return str(caught.value)


def test_rows_are_points_in_the_order_of_the_frame():
    """Nothing is sorted: the order is data."""
    frame = pd.DataFrame({"host": ["a", "b"], "n": [1, 2], "x": [0.5, np.nan]}, TIMES[[1, 0]])
    assert list(points_from_frame(frame, tags=["host"], name="cpu")) == [
        Point({"n": 1, "x": 0.5}, time=NOON + 10**9, name="cpu", tags={"host": "a"}),
        Point({"n": 2}, time=NOON, name="cpu", tags={"host": "b"}),
    ]


def test_without_tags_a_point_inherits_them():
    """So that a frame a Handler gives back stays in its group."""
    (point,) = points_from_frame(pd.DataFrame({"v": [1]}, TIMES[:1]))
    point = point.inherited(Point({}, time=0, name="cpu", tags={"host": "a"}))
    assert point == Point({"v": 1}, time=NOON, name="cpu", tags={"host": "a"}, dimensions=(),
                          by_name=False, database="", retention_policy="")  # fmt: skip


# --------------------------------------------------------------------------- times


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
@pytest.mark.parametrize("as_index", [True, False])
def test_times_are_exact_in_every_unit_and_zone(unit, zone, as_index):
    """pandas 3 keeps microseconds by default; a naive time is UTC."""
    times = pd.DatetimeIndex(["2026-01-31T12:00:00", "2026-01-31T12:00:01"]).as_unit(unit)
    if zone:
        times = times.tz_localize("UTC").tz_convert(zone)
    frame = pd.DataFrame({"v": [1, 2]})
    frame = frame.set_index(times) if as_index else frame.assign(time=times)
    assert [point.time for point in points_from_frame(frame)] == [NOON, NOON + 10**9]


@pytest.mark.parametrize(
    "values",
    [
        [NOON, NOON + 1],
        pd.array([NOON, NOON + 1], dtype="Int64"),
        pd.array([NOON, NOON + 1], dtype="UInt64"),
        ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00.000000001+01:00"],
        pd.Series(["2026-01-31T12:00:00Z", "2026-01-31T13:00:00.000000001+01:00"], dtype=object),
    ],
)
def test_a_time_column_may_hold_nanoseconds_or_rfc_3339(values):
    """Text is read exactly, which pandas does not promise for mixed fractions."""
    frame = pd.DataFrame({"at": values, "v": [1, 2]})
    assert [point.time for point in points_from_frame(frame, time="at")] == [NOON, NOON + 1]


def test_a_named_time_column_wins_over_the_index():
    """It was asked for."""
    frame = pd.DataFrame({"at": [5], "time": [7], "v": [1]}, TIMES[:1])
    assert [point.time for point in points_from_frame(frame.drop(columns="time"), time="at")] == [5]
    assert [point.time for point in points_from_frame(frame, time="time")] == [7]
    indexed = pd.DataFrame({"v": [1]}, pd.Index([9], name="time"))
    assert [point.time for point in points_from_frame(indexed)] == [9]


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (pd.DataFrame({"when": [0], "v": [1]}), "no column 'time' (the columns are 'when', 'v')"),
        (pd.DataFrame({"time": [0], "v": [1]}, TIMES[:1]), 'choose the column with time="time"'),
        (pd.DataFrame({"time": [0], "v": [1]}, pd.Index(["a"], name="host")), "would be lost"),
        (pd.DataFrame({"time": [0.5], "v": [1]}), "dtype float64 holds no times"),
        (pd.DataFrame({"time": ["noon"], "v": [1]}), "row 0: 'noon' is no RFC 3339"),
        (pd.DataFrame({"time": ["2026-01-31T12:00:00"], "v": [1]}), "row 0: "),
        (
            pd.DataFrame(
                {"time": [TIMES[0], TIMES[1].tz_convert("Asia/Tokyo")], "v": 1}, dtype=object
            ),
            "column 'time', row 1: the times have several zones: UTC in row 0, Asia/Tokyo in row 1",
        ),
        (
            pd.DataFrame({"v": [1, 2]}, pd.Index([TIMES[0], MIDNIGHT_IN_PARIS], dtype=object)),
            "index, row 1: the times have several zones: UTC in row 0, UTC+01:00 in row 1",
        ),
        (
            pd.DataFrame({"time": [TIMES[0], TIMES[1].tz_localize(None)], "v": 1}, dtype=object),
            "UTC in row 0, no zone in row 1; convert all with pandas.to_datetime(..., utc=True)",
        ),
        (
            pd.DataFrame({"time": [1, TIMES[0]], "v": 1}, dtype=object),
            "row 1: Timestamp('2026-01-31 12:00:00+0000', tz='UTC') is no time, or one among",
        ),
        (pd.DataFrame({"time": [TIMES[0], pd.NaT], "v": 1}), "row 1: the time is missing"),
        (pd.DataFrame({"time": pd.array([1, None], dtype="Int64"), "v": 1}), "row 1: the time"),
        (pd.DataFrame({"time": [1, True], "v": 1}, dtype=object), "row 1: True is"),
        (pd.DataFrame({"time": pd.array([2**63], dtype="UInt64"), "v": 1}), "does not fit 64 bits"),
        (
            pd.DataFrame({"time": np.array(["9999-01-01"], dtype="M8[s]"), "v": 1}),
            "nanoseconds hold the years 1678 to 2261",
        ),
        (
            pd.DataFrame({"v": [1]}, pd.period_range("2026", periods=1, freq="D")),
            "no DatetimeIndex",
        ),
        (pd.DataFrame({"v": [1]}, pd.MultiIndex.from_tuples([(1, 2)])), "reset_index()"),
    ],
)
def test_times_that_are_not_plain_are_refused(frame, problem):
    """With the row, where it is one row's fault."""
    assert problem in refused(frame)


# ------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, 2], "int8", [1, 2]),
        ([1, 2], "uint32", [1, 2]),
        ([INT_MIN, INT_MAX], "int64", [INT_MIN, INT_MAX]),
        ([INT_MAX, None], "Int64", [INT_MAX, None]),
        ([INT_MAX, None], "UInt64", [INT_MAX, None]),
        ([0.5, np.nan], "float64", [0.5, None]),
        ([0.5, np.inf], "float32", [0.5, np.inf]),
        ([0.5, None], "Float64", [0.5, None]),
        ([True, False], "bool", [True, False]),
        ([True, None], "boolean", [True, None]),
        (["a", None], None, ["a", None]),
        (["a", pd.NA, ""], "string", ["a", None, ""]),
        (["a", None], "category", ["a", None]),
        ([1, 2], "category", [1, 2]),
        ([1, 0.5, "a"], object, [1, 0.5, "a"]),
        ([True, None, pd.NaT], object, [True, None, None]),
        ([np.int16(1), np.float32(0.5), np.bool_(True)], object, [1, 0.5, True]),
    ],
)
def test_values_keep_their_types(values, dtype, expected):
    """A missing one, however it is written, is an absent field."""
    found = column(values, dtype)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("values", "dtype", "problem"),
    [
        (TIMES, None, "column 'v': dtype datetime64"),
        (pd.to_timedelta([1, 2, 3]), None, "column 'v': dtype timedelta64"),
        ([1j], None, "column 'v': dtype complex128"),
        ([2**63], "uint64", "column 'v', row 0: field 'value' is 9223372036854775808"),
        ([1, decimal.Decimal(1)], object, "column 'v', row 1: "),
        ([1, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], object, "column 'v', row 1: "),
        ([1, np.datetime64(1, "ns")], object, "column 'v', row 1: "),
        ([[1]], object, "column 'v', row 0: "),
        ([2**64], object, "column 'v', row 0: "),
        (TIMES, "category", "column 'v', row 0: "),
        (np.array([1], dtype="longdouble"), None, "column 'v': dtype float128"),
    ],
)
def test_columns_that_no_field_can_hold_are_refused_by_name(values, dtype, problem):
    """Rather than turned into numbers or text behind the author's back."""
    frame = pd.DataFrame({"time": range(len(values)), "v": pd.Series(values, dtype=dtype)})
    assert problem in refused(frame)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (["time", "v", "v"], "two columns are called 'v'"),
        (["time", "v", 5], "column 2 is called 5"),
        (["time", "v", ""], "column 2 is called ''"),
    ],
)
def test_columns_need_one_name_each(columns, problem):
    """Names are text and differ."""
    assert problem in refused(pd.DataFrame([[0, 1, 2]], columns=columns))


def test_tags_become_text_and_missing_ones_are_absent():
    """Whatever the type of the column."""
    frame = pd.DataFrame(
        {"time": [0, 1], "a": [1, 2], "b": pd.Series(["x", None], dtype="category"), "v": 1}
    )
    points = list(points_from_frame(frame, tags=["a", "b"]))
    assert [point.tags for point in points] == [{"a": "1", "b": "x"}, {"a": "2"}]
    assert [point.tags for point in points_from_frame(frame, tags="a")] == [{"a": "1"}, {"a": "2"}]


def test_tags_must_be_columns_other_than_the_time():
    """The message shows the columns there are."""
    frame = pd.DataFrame({"time": [0], "v": [1]})
    assert "'hots' does not exist: the columns are 'time', 'v'" in refused(frame, tags=["hots"])
    assert "'time' holds the times" in refused(frame, tags=["time"])


# ---------------------------------------------------------------------- the way back


def test_a_frame_of_points_has_exact_dtypes():
    """Ints stay ints beside gaps, and mixed types stay as they are."""
    points = [
        Point(
            {"i": 1, "f": 0.5, "b": True, "s": "x", "gap": 2**60 + 1, "mix": 1},
            time=1,
            tags={"h": "a"},
        ),
        Point({"i": 2, "b": False, "s": "y", "ok": True, "mix": "1"}, time=0, tags={"g": "b"}),
    ]
    frame = frame_from_points(points)
    text = pd.Series(["a"]).dtype
    assert frame.dtypes.to_dict() == {
        "h": text,
        "g": text,
        "i": np.dtype("int64"),
        "f": np.dtype("float64"),
        "b": np.dtype("bool"),
        "s": text,
        "gap": pd.Int64Dtype(),
        "mix": np.dtype(object),
        "ok": pd.BooleanDtype(),
    }
    assert list(frame) == ["h", "g", "i", "f", "b", "s", "gap", "mix", "ok"]
    assert frame["mix"].tolist() == [1, "1"]
    assert frame["gap"].tolist() == [2**60 + 1, pd.NA]
    assert frame.index.name == "time"
    assert str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert frame.index.asi8.tolist() == [1, 0]


def test_no_points_give_an_empty_frame_with_its_index():
    """And it gives no points back."""
    frame = frame_from_points(iter([]))
    assert frame.shape == (0, 0)
    assert frame.index.name == "time"
    assert str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert list(points_from_frame(frame)) == []


def test_tags_can_be_left_out_of_a_frame():
    """Which settles that a tag and a field have one name."""
    point = Point({"cpu": 1}, time=0, tags={"cpu": "a"})
    with pytest.raises(SourceError, match=r"'cpu' is a tag and a field.*tags=False"):
        frame_from_points([point])
    assert frame_from_points([point], tags=False)["cpu"].tolist() == [1]


_values = st.one_of(
    st.floats(allow_nan=False), st.integers(INT_MIN, INT_MAX), st.text(max_size=5), st.booleans()
)
_points = st.builds(
    Point,
    st.dictionaries(st.sampled_from(["a", "b", "ü"]), _values),
    # The lowest int64 is what NumPy takes for "no time".
    time=st.integers(INT_MIN + 1, INT_MAX),
    tags=st.dictionaries(st.sampled_from(["s", "t"]), st.text(max_size=3), min_size=1),
)


@given(st.lists(_points, max_size=6))
def test_points_come_back_from_a_frame(points):
    """Types, gaps, order, times to the nanosecond."""
    frame = frame_from_points(points)
    tags = [name for name in frame if name in ("s", "t")]
    back = list(points_from_frame(frame, tags=tags))
    assert back == points
    for ours, theirs in zip(back, points, strict=True):
        for name, value in theirs.fields.items():
            assert type(ours.fields[name]) is type(value)
    pd.testing.assert_frame_equal(frame, frame_from_points(back))


# ------------------------------------------------------------------------- the Source


def test_a_frame_is_a_source_that_starts_over():
    """Iterating twice gives the same points."""
    source = Frame(pd.DataFrame({"time": [0, 1], "host": "a", "v": [1, 2]}), tags="host", name="m")
    assert isinstance(source, Source)
    assert source.edge is STREAM
    assert list(source) == list(source)
    assert next(iter(source)) == Point({"v": 1}, time=0, name="m", tags={"host": "a"})
    assert repr(source) == "Frame(time=None, tags=('host',), name='m')"


def test_of_bad_categories_the_one_that_comes_first_is_named():
    """By row, not by the order of the categories."""
    column = pd.Series(TIMES[[1, 0]]).astype(pd.CategoricalDtype(TIMES))
    assert "column 'v', row 0: " in refused(pd.DataFrame({"v": column, "time": [0, 1]}))


def test_categories_out_of_use_are_not_looked_at():
    """Only values that are there become points; a missing one is an absent field."""
    column = pd.Categorical.from_codes([1, -1, 1], categories=[TIMES[0], 2.5])
    points = points_from_frame(pd.DataFrame({"v": column, "w": 1, "time": range(3)}))
    assert [point.fields.get("v") for point in points] == [2.5, None, 2.5]


def test_a_row_without_values_is_no_data():
    """InfluxDB has no points without fields, so Kapacitor never sends one."""
    frame = pd.DataFrame({"time": [0, 1], "v": [1, np.nan]})
    with pytest.raises(SourceError, match=r"row 1: no field has a value.*dropna"):
        list(Frame(frame))
    assert [point.fields for point in points_from_frame(frame)] == [{"v": 1.0}, {}]


def test_importing_the_sources_does_not_import_pandas():
    """It is loaded when a frame is converted."""
    code = "import sys, kapnb.sources; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_pandas_the_extra_is_named(monkeypatch):
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"pip install 'kapnb\[notebook\]'"):
        frame_from_points([])


@pytest.mark.parametrize(
    ("columns", "advice"),
    [
        ({"v": [1, np.nan], "w": [1, np.nan]}, 'frame.dropna(how="all")'),
        (
            {"v": [1, np.nan], "host": ["a", "b"]},
            "frame.dropna(how=\"all\", subset=['v'])",
        ),
        ({"host": ["a", "b"]}, "there is no column that is a field"),
    ],
    ids=["no tags", "tags are no values", "tags alone"],
)
def test_the_advice_on_a_row_without_values_drops_it(columns, advice):
    """A tag has a value in it, and it is no data."""
    frame = pd.DataFrame({"time": [0, 1], **columns})
    with pytest.raises(SourceError, match=re.escape(advice)):
        list(Frame(frame, tags=[name for name in columns if name == "host"]))
