"""|window: when it ends, what it holds, what tmax is."""

from __future__ import annotations

import pytest
from flow import flowed, points, seconds

from kapnb import Point

EVERY_5 = [float(second) for second in range(0, 31, 5)]


def windows(properties: str, times=EVERY_5) -> list:
    return [seconds(b) for b in flowed(f"stream|from()|window(){properties}", points(*times))]


def test_a_window_goes_out_when_a_point_at_its_end_comes_and_does_not_hold_it():
    """Half open: the oldest is in, the point that ends it is in the next."""
    assert windows(".period(10s).every(10s)") == [
        (10.0, [0.0, 5.0]),
        (20.0, [10.0, 15.0]),
        (30.0, [20.0, 25.0]),
    ]


def test_windows_overlap_if_the_period_is_longer():
    """Period and every are independent."""
    assert windows(".period(10s).every(5s)")[:3] == [
        (5.0, [0.0]),
        (10.0, [0.0, 5.0]),
        (15.0, [5.0, 10.0]),
    ]


def test_the_next_end_counts_from_the_point_that_ended_the_last():
    """Not from the last end: late points shift the windows."""
    assert windows(".period(10s).every(10s)", (0, 5, 13, 22, 24)) == [
        (10.0, [0.0, 5.0]),
        (23.0, [13.0, 22.0]),
    ]


def test_align_puts_the_ends_on_multiples_of_every():
    """The first window is shorter; later ends are cut down."""
    assert windows(".period(10s).every(10s).align()", (3, 9, 12, 21, 34)) == [
        (10.0, [3.0, 9.0]),
        (20.0, [12.0]),
        (30.0, [21.0]),
    ]


def test_fill_period_waits_for_a_whole_period():
    """The first window ends a period after the first point."""
    assert windows(".period(10s).every(5s).fillPeriod()", (0, 4, 8, 11, 16)) == [
        (10.0, [0.0, 4.0, 8.0]),
        (16.0, [8.0, 11.0]),
    ]


def test_fill_period_aligned_ends_after_a_whole_period_on_a_multiple():
    """What does not fit into the period any more is dropped."""
    assert windows(".period(10s).every(10s).fillPeriod().align()", (3, 9, 14, 20, 31)) == [
        (20.0, [14.0]),
        (30.0, [20.0]),
    ]


def test_without_every_each_point_gives_a_window_that_ends_with_it():
    """Right closed: (oldest, now]."""
    assert windows(".period(10s)", (0, 5, 10, 12)) == [
        (0.0, [0.0]),
        (5.0, [0.0, 5.0]),
        (10.0, [5.0, 10.0]),
        (12.0, [5.0, 10.0, 12.0]),
    ]


def test_an_empty_window_goes_out_once_after_a_gap():
    """Time is the data's: one batch, however long the gap."""
    assert windows(".period(5s).every(10s)", (0, 100, 111)) == [(10.0, []), (110.0, [])]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (".periodCount(3).everyCount(2)", [(2.0, [1.0, 2.0]), (4.0, [2.0, 3.0, 4.0])]),
        (".periodCount(2).everyCount(3)", [(3.0, [2.0, 3.0])]),
        (".periodCount(3).everyCount(1).fillPeriod()", [(3.0, [1.0, 2.0, 3.0])]),
    ],
)
def test_a_window_by_count_ends_with_its_last_point(properties, expected):
    """tmax is the last point's time, and that point is in."""
    found = windows(properties, (1, 2, 3, 4))

    assert found[: len(expected)] == expected


def test_each_group_has_windows_of_its_own():
    """A point of another group ends nothing; tags of the batch are the group's."""
    data = [
        Point({"x": 1.0}, time=time * 10**9, name="m", tags={"host": host, "dc": "x"})
        for time, host in ((0, "a"), (1, "b"), (10, "b"), (11, "a"), (12, "b"))
    ]

    batches = flowed("stream|from().groupBy('host')|window().period(10s).every(10s)", data)

    assert [(batch.group, seconds(batch)) for batch in batches] == [
        ("host=a", (10.0, [0.0])),
        ("host=b", (11.0, [1.0, 10.0])),
    ]
    assert dict(batches[0].tags) == {"host": "a"}
    assert dict(batches[0].points[0].tags) == {"host": "a", "dc": "x"}


def test_points_of_a_window_out_of_order_stay_as_they_came():
    """What is old goes from the front only, as in Kapacitor's buffer."""
    assert windows(".period(10s).every(10s)", (0, 12, 8, 23)) == [
        (10.0, [0.0]),
        (22.0, [12.0, 8.0]),
    ]
