"""Datetimes of all makes as nanoseconds."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kapnb.simulation._instants import nanoseconds_of

DAY = 86_400 * 10**9


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        (dt.datetime(1970, 1, 2, tzinfo=dt.UTC), DAY),
        (dt.datetime(1970, 1, 2), DAY),  # noqa: DTZ001
        (dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, dt.UTC), -1000),
        (dt.datetime(1970, 1, 2, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))), DAY),
        (pd.Timestamp("1970-01-02T00:00:00.000000001", tz="UTC"), DAY + 1),
        (pd.Timestamp("1970-01-02T02:00:00+02:00"), DAY),
        (pd.Timestamp("1970-01-02").as_unit("s"), DAY),
        (np.datetime64("1970-01-02"), DAY),
        (np.datetime64("1970-01-02T00:00:00.000000001"), DAY + 1),
        (np.datetime64(1, "W"), 7 * DAY),
        (np.datetime64("1971"), 365 * DAY),
        (np.datetime64("1970-02"), 31 * DAY),
        (np.datetime64("1969-12-31T23"), -DAY // 24),
        (np.datetime64(3, "25s"), 75 * 10**9),
        (np.datetime64(2500, "ps"), 2),
        (np.datetime64("3000-01-01"), 376_200 * DAY),
        (np.array("1970-01-02", "datetime64[D]"), DAY),
    ],
)
def test_a_datetime_is_told_to_the_nanosecond(value, nanoseconds):
    """Whatever it counts in, and though 64 bits may not hold it."""
    assert nanoseconds_of(value) == nanoseconds


@pytest.mark.parametrize(
    "value", [1, 1.5, "1970-01-02", None, np.int64(3), dt.date(1970, 1, 2), np.timedelta64(1, "D")]
)
def test_what_is_no_datetime_is_left_to_others(value):
    """Text, numbers, days."""
    assert nanoseconds_of(value) is None


@pytest.mark.parametrize("value", [pd.NaT, np.datetime64("NaT"), np.datetime64("NaT", "ns")])
def test_no_time_is_an_error(value):
    """Rather than the year 1677."""
    with pytest.raises(ValueError, match="NaT is no time"):
        nanoseconds_of(value)
