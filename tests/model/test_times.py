"""Times and durations: exact to the nanosecond, and as people write them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kapnb.model import (
    BATCH,
    INT_MAX,
    INT_MIN,
    STREAM,
    Batch,
    Duration,
    Source,
    ValueType,
    format_time,
    parse_duration,
    parse_time,
)
from strategies import int64s


@given(int64s)
@example(INT_MIN)
@example(INT_MAX)
@example(-1)
def test_times_survive_being_written(time):
    """Every int64, to the nanosecond."""
    assert parse_time(format_time(time)) == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("2026-01-31T12:00:00.5Z", 1_769_860_800_500_000_000),
        ("2026-01-31 12:00:00.5z", 1_769_860_800_500_000_000),
        ("2026-01-31t13:30:00.5+01:30", 1_769_860_800_500_000_000),
        ("2026-01-31T04:00:00.500000000-08:00", 1_769_860_800_500_000_000),
        ("  1970-01-01T00:00:01Z\n", 1_000_000_000),
        ("1754-08-30T22:43:41.128654848Z", -6795364578871345152),
    ],
)
def test_rfc_3339_is_read_exactly(text, time):
    """Any zone, up to nine digits; the last is Go's zero time."""
    assert parse_time(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00Z",
        "2026-02-30T12:00:00Z",
        "2026-01-31T25:00:00Z",
        "2026-01-31T12:00:00.1234567890Z",
        "2026-01-31T12:00:00.Z",
        "1769860800",
    ],
)
def test_what_is_no_time_is_refused(text):
    """A time without a zone is refused, too: nobody could say when it was."""
    with pytest.raises(ValueError):
        parse_time(text)


def test_times_far_out_are_shown_as_numbers():
    """Years beyond 9999 have no RFC 3339."""
    assert format_time(10**21) == "1000000000000000000000ns"


def test_years_have_four_digits():
    """RFC 3339 wants them, although no int64 reaches the year 999."""
    assert format_time(parse_time("0500-01-01T00:00:00Z")) == "0500-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1u", 1_000),
        ("1µ", 1_000),
        ("1ms", 1_000_000),
        ("10s", 10_000_000_000),
        ("5m", 300_000_000_000),
        ("1h", 3_600_000_000_000),
        ("1d", 86_400_000_000_000),
        ("2w", 1_209_600_000_000_000),
        ("0s", 0),
        ("-3s", -3_000_000_000),
    ],
)
def test_durations_are_read_as_tickscript_has_them(text, nanoseconds):
    """A whole number and one unit."""
    assert parse_duration(text) == nanoseconds
    assert Duration.parse(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "s", "10", "1.5s", "1h30m", "5ns", "1 s", "1S", "s1", "1s\n"])
def test_what_is_no_duration_is_refused(text):
    """TICKscript has no fractions, no compounds and no ns."""
    with pytest.raises(ValueError, match="is no duration: write a whole number"):
        Duration.parse(text)


@given(st.integers(INT_MIN // 1000, INT_MAX // 1000))
def test_durations_survive_being_written(microseconds):
    """Every one that TICKscript can write."""
    duration = Duration(microseconds * 1000)

    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (1, "1ns"), (90_000_000_000, "90s"), (3_600_000_000_000, "1h"), (-1000, "-1u")],
)
def test_a_duration_shows_itself_in_the_largest_whole_unit(nanoseconds, text):
    """As TICKscript would have it, except for single nanoseconds."""
    assert str(Duration(nanoseconds)) == text
    assert repr(Duration(nanoseconds)) == f"Duration('{text}')"


def test_a_duration_is_an_int():
    """Arithmetic gives plain nanoseconds."""
    assert Duration.parse("1s") + 1 == 1_000_000_001
    assert Duration.parse("1500ms").seconds == 1.5


def test_the_vocabularies_show_themselves_as_written():
    """In an error text STREAM is STREAM."""
    assert repr((STREAM, BATCH, ValueType.DOUBLE)) == "(STREAM, BATCH, DOUBLE)"


def test_a_source_is_anything_that_has_an_edge_and_can_be_iterated():
    """No base class is needed."""

    class Listed(list):
        edge = STREAM

    assert isinstance(Listed(), Source)
    assert not isinstance([], Source)
    assert not isinstance(Batch([]), Source)
