"""Points at the pace of their times."""

from __future__ import annotations

import pytest

from kapnb import Point
from kapnb.sources.synthetic import experiment, live

SECOND = 1_000_000_000


class Time:
    """A clock that goes on only while somebody sleeps, and by what work takes."""

    def __init__(self, work=0.0):
        self.now, self.work, self.slept = 100.0, work, []

    def clock(self):
        self.now += self.work
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def points(*seconds):
    return [Point({"x": 1.0}, time=second * SECOND) for second in seconds]


def run(data, time, **settings):
    return list(live(data, clock=time.clock, sleep=time.sleep, **settings))


def test_each_point_waits_for_its_time():
    """Counted from the first; those of one time come together."""
    time = Time()
    data = points(5, 6, 6, 9)

    assert run(data, time) == data
    assert time.slept == [1.0, 3.0]


def test_speed_makes_it_faster():
    """So many times as fast as real time."""
    time = Time()

    run(points(0, 10), time, speed=4)

    assert time.slept == [2.5]


def test_late_points_come_at_once():
    """The experiment's second series lags by a second, and delays nothing."""
    time = Time()

    run(experiment(seconds=3), time)

    assert time.slept == [1.0, 1.0]


def test_time_that_the_reader_took_is_not_waited_for_again():
    """And a reader that is too slow is never waited for."""
    time = Time(work=0.25)
    run(points(0, 1), time)
    assert time.slept == [0.5]

    slow = Time(work=2.0)
    run(points(0, 1), slow)
    assert slow.slept == []


def test_without_speed_nothing_would_ever_come():
    """It is refused at once, not at the first point."""
    with pytest.raises(ValueError, match="speed is 0"):
        live(points(0), speed=0)
