"""Pace, pause, step and stop, on a clock and a waiter that nobody waits for."""

from contextlib import nullcontext

import pytest

from kapnb import Batch, Point
from kapnb.notebook._live_control import Control
from kapnb.protocol import encode_point

SECOND = 1_000_000_000


class Waiter:
    """Lets the clock go on instead of waiting; endless waits are ended by what comes next."""

    def __init__(self, clock):
        self.clock, self.delays, self.next = clock, [], []

    def __call__(self, condition, timeout):
        self.delays.append(timeout)
        if timeout is None:
            self.next.pop(0)()
        else:
            self.clock.now += timeout


@pytest.fixture
def ticks(clock):
    return clock()


@pytest.fixture
def waiter(ticks):
    return Waiter(ticks)


@pytest.fixture
def control(ticks, waiter):
    return Control(clock=ticks, wait=waiter)


@pytest.fixture
def paused(ticks, waiter):
    return Control(clock=ticks, wait=waiter, paused=True)


def points(*seconds):
    return [Point({"x": 1.0}, time=round(second * SECOND)) for second in seconds]


def go(control, items, **settings):
    """Return the clock and the number of inputs of each list."""
    lists = control.portions(iter(items), nullcontext(), **settings)
    return [(round(control.clock(), 6), len(some)) for some in lists]


def test_at_full_speed_lists_grow_and_nothing_waits(control, waiter):
    """Points that go many at a time go several times faster."""
    assert go(control, points(*range(20))) == [(0, 1), (0, 2), (0, 4), (0, 8), (0, 5)]
    assert waiter.delays == []


def test_a_slow_handler_gets_short_lists(control, ticks):
    """What is handled in 50 ms is as much as goes together."""
    sizes = []
    for some in control.portions(iter(points(*range(40))), nullcontext()):
        sizes.append(len(some))
        ticks.now += 0.02 * len(some)
        control.handled()
    assert sizes[:6] == [1, 2, 4, 2, 4, 2]


def test_singly_means_one_by_one(control):
    """A batch is an input of its own."""
    assert go(control, points(1, 2, 3), singly=True) == [(0, 1)] * 3


@pytest.mark.parametrize("encoded", [False, True])
def test_in_real_time_inputs_keep_their_distances(control, encoded):
    """A second of event time is one of the clock, encoded or not."""
    control.speed = 1
    items = points(100, 101, 103.5)
    items = [encode_point(item) for item in items] if encoded else items
    assert go(control, items) == [(0, 1), (1, 1), (3.5, 1)]


def test_batches_are_due_at_their_tmax(control):
    """Which is when Kapacitor would have them."""
    control.speed = 1
    batches = [Batch([], name="m", tmax=second * SECOND) for second in (5, 8)]
    assert go(control, batches, singly=True) == [(0, 1), (3, 1)]


def test_ten_times_real_time(control):
    """A speed divides distances."""
    control.speed = 10
    assert go(control, points(0, 1, 5)) == [(0, 1), (0.1, 1), (0.5, 1)]


def test_what_is_due_goes_together(control):
    """A run that is late catches up in large lists."""
    control.speed = 1
    found = []
    for some in control.portions(iter(points(*range(8))), nullcontext()):
        found.append(len(some))
        control.clock.now += 10
    assert found == [1, 2, 4, 1]
    assert control.backlog_s == 23


def test_points_close_to_each_other_go_together(control):
    """A list each 20 ms, since one by one costs several times as much."""
    control.speed = 1
    lists = go(control, points(*(number / 1000 for number in range(100))))
    assert sum(count for _, count in lists) == 100
    assert len(lists) < 12


def test_event_time_that_goes_back_is_due_at_once(control):
    """Unordered data do not hold a run up; it goes with the next tick."""
    control.speed = 1
    assert go(control, points(10, 3, 11)) == [(0, 1), (0.02, 1), (1, 1)]


def test_waiting_is_counted_as_idle(control):
    """Drawing may use it."""
    control.speed = 1
    go(control, points(0, 2, 6))
    assert control.idle_s == 6


def test_a_paused_run_rests_until_it_is_resumed(paused, waiter):
    """And says so once."""
    rests = []
    paused.on_rest = lambda: rests.append(paused.resting)
    waiter.next = [lambda: None, lambda: rests.append(paused.resting), paused.resume]
    assert go(paused, points(1, 2)) == [(0, 1), (0, 1)]
    assert rests == [False, True]  # told before it counts as standing still
    assert not paused.resting


def test_a_step_lets_so_many_go(paused, waiter):
    """Then it rests again."""
    given = []
    waiter.next = [
        lambda: paused.step(3),
        lambda: given.append(len(taken)),
        lambda: paused.step(),
        lambda: given.append(len(taken)),
        paused.resume,
    ]
    taken = []
    for some in paused.portions(iter(points(*range(9))), nullcontext()):
        taken.extend(some)
    assert given == [3, 4]
    assert len(taken) == 9


def test_a_speed_that_changes_holds_from_the_input_at_hand(control, waiter):
    """What was waited for goes at once, and time is counted from there."""
    control.speed = 1

    def faster():
        if control.clock.now == 1 and control.speed == 1:
            control.speed = 10

    control.on_idle = faster
    assert go(control, points(0, 1, 11, 21)) == [(0, 1), (1, 1), (1, 1), (2, 1)]


def test_a_stop_ends_the_data(control):
    """For the run, nothing more comes."""
    lists = control.portions(iter(points(*range(9))), nullcontext())
    next(lists)
    control.stop()
    assert list(lists) == []


def test_a_stop_ends_a_pause(paused, waiter):
    """Also a run that stands still can be stopped."""
    waiter.next = [paused.stop]
    assert go(paused, points(1, 2)) == []


def test_an_error_of_the_source_comes_after_the_inputs_before_it(control):
    """What was read is handled."""

    def broken():
        yield from points(0, 1, 2)
        raise OSError("gone")

    lists = control.portions(broken(), nullcontext())
    assert [len(next(lists)) for _ in range(2)] == [1, 2]
    with pytest.raises(OSError, match="gone"):
        next(lists)


@pytest.mark.parametrize("speed", [0, -1, True, "fast", None, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(control, speed):
    """With what one can be."""
    with pytest.raises(ValueError, match='speed is "max" or times real time'):
        control.speed = speed
