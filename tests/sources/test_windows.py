"""Points cut into the batches of a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb.errors import SourceError
from kapnb.model import BATCH, Batch, Point, Source
from kapnb.sources import Items, Queried


def points(*times, name="m", **tags):
    """Return points with these times."""
    return Items([Point({"v": time}, time=time, name=name, tags=tags) for time in times])


def windows(source):
    """Return tmax and times of each batch."""
    return [(batch.tmax, [point.time for point in batch.points]) for batch in source]


def test_a_window_holds_its_start_and_not_its_end():
    """As InfluxDB answers ``time >= start AND time < stop``."""
    assert windows(Queried(points(0, 9, 10, 19), period=10)) == [(10, [0, 9]), (20, [10, 19])]


def test_windows_may_overlap_or_leave_points_out():
    """By every, from one end to the next."""
    assert windows(Queried(points(0, 5), period=10, every=5)) == [
        (5, [0]),
        (10, [0, 5]),
        (15, [5]),
    ]
    assert windows(Queried(points(0, 5, 9, 19), period=2, every=10)) == [(10, [9]), (20, [19])]


def test_a_gap_has_no_windows():
    """However long it is."""
    assert windows(Queried(points(1, 10**18), period=10)) == [(10, [1]), (10**18 + 10, [10**18])]


def test_times_before_the_epoch_have_windows_too():
    """They end at multiples of every as all do."""
    assert windows(Queried(points(-1, 0), period=10)) == [(0, [-1]), (10, [0])]


def test_points_out_of_order_are_put_in_order():
    """InfluxDB keeps no other."""
    assert windows(Queried(points(15, 5, 7), period=10)) == [(10, [5, 7]), (20, [15])]
    assert windows(Queried(points(15, 5, 7))) == [(15, [5, 7, 15])]


def test_measurements_are_batches_of_their_own():
    """As a query from several of them answers."""
    source = Items([*points(1, name="b"), *points(2, name="a")])
    assert [batch.name for batch in Queried(source)] == ["a", "b"]
    assert [batch.group for batch in Queried(source, by_measurement=True)] == ["a", "b"]


def test_points_of_a_batch_keep_all_tags_and_have_no_name():
    """A missing tag that is grouped by is an empty one."""
    (batch,) = Queried(points(1, host="a", cpu="0"), group_by=["rack", "host"])
    assert batch.tags == {"host": "a", "rack": ""}
    assert batch.group == "host=a,rack="
    assert batch.points == [Point({"v": 1}, time=1, tags={"host": "a", "cpu": "0"})]


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=20),
    st.integers(1, 30),
    st.integers(1, 30),
)
def test_each_window_holds_what_lies_in_it(times, period, every):
    """Compared with a search through all windows there can be."""
    source = Queried(points(*times), period=period, every=every)
    assert isinstance(source, Source)
    assert source.edge is BATCH
    inside = {
        stop: sorted(time for time in times if stop - period <= time < stop)
        for stop in range(-60 * every, 110 * every, every)
    }
    assert windows(source) == [(stop, found) for stop, found in inside.items() if found]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"period": "10"}, "period: '10' is no duration"),
        ({"period": 0}, "period is 0; it must be longer than nothing"),
        ({"period": 1, "every": "0s"}, "every is 0s; it must be longer"),
        ({"every": 1}, "every needs a period"),
        ({"group_by": ["*", "a"]}, "not both"),
    ],
)
def test_windows_that_cannot_be_are_refused(more, problem):
    """When they are asked for."""
    with pytest.raises(SourceError, match=problem):
        Queried(points(1), **more)


def test_batches_and_points_without_time_are_refused():
    """The item is named."""
    with pytest.raises(SourceError, match="batches already"):
        Queried(Items([Batch([], tmax=0)]))
    with pytest.raises(SourceError, match="item 1: a point of the data needs a time"):
        list(Queried(Items([*points(1), Point({"v": 1})])))
