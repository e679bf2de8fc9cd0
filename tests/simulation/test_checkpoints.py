"""Checkpoints of a run: what they cost, how many there are, what they copy."""

from __future__ import annotations

import gc
import itertools
import logging
import random
import threading
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

import numpy as np
import pytest

import handlers_of_faults as zoo
from kapnb import Batch, Duration, Handler, Point, simulate
from kapnb.protocol import encode_point, wire_point
from kapnb.simulation._checkpoints import Cast, Checkpoints
from kapnb.simulation._copies import Copier, TooMuch, Uncopied


class Colour(Enum):
    RED = 1


class Holding(Handler):
    """Holds what a test puts into it."""


def copied(value):
    copier = Copier()
    return copier.load(copier.dump(value))


# ---------------------------------------------------------------------------- copies


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, b"x", (3, {4})]},
        deque([1, 2], maxlen=3),
        defaultdict(list, {1: [2]}),
        OrderedDict(b=1, a=2),
        Decimal("1.50"),
        Duration.parse("3s"),
        Colour.RED,
        Point({"x": 1.5, "n": 3}, time=5, name="m", tags={"a": "b"}),
        wire_point(encode_point(Point({"x": 1.5}, time=5, name="m", tags={"a": "b"}))),
        Batch([Point({"x": 1.5}, time=5)], name="m"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_copied_with_their_types(value):
    """The copy is equal, of the same type, and another object unless it is one for all."""
    other = copied([value])[0]
    assert other == value
    assert type(other) is type(value)
    assert repr(other) == repr(value)


def test_what_is_shared_stays_shared_and_cycles_close():
    """References within a copy are those of the original."""
    inner = [1]
    value = {"one": inner, "other": inner}
    value["self"] = value
    other = copied(value)
    assert other["one"] is other["other"]
    assert other["self"] is other
    assert other["one"] is not inner


def test_classes_are_the_living_ones_even_if_defined_anew():
    """Nothing is looked up by its name."""

    def defined():
        @dataclass
        class Local:
            n: int

        return Local

    first, copier = defined(), Copier()
    data = copier.dump([first(1)])
    defined()
    assert type(copier.load(data)[0]) is first


def test_code_sentinels_and_locks_are_shared():
    """A function, a plain object, a lock, a logger: the very same."""
    value = [len, lambda: 0, object(), threading.Lock(), logging.getLogger("x"), np.sum, Colour]
    assert all(one is other for one, other in zip(value, copied(value), strict=True))


def test_generators_of_numbers_are_copied_where_they_are():
    """Both kinds go on as the original does."""
    plain, of_numpy = random.Random(1), np.random.default_rng(1)
    plain.random(), of_numpy.random()
    one, other = copied([plain, of_numpy])
    assert one.random() == plain.random()
    assert other.random() == of_numpy.random()


def test_a_changed_point_of_the_wire_is_copied_part_by_part():
    """In the order in which its fields stand."""
    point = wire_point(encode_point(Point({"x": 1.5}, time=5, name="m")))
    point.fields["a"] = 2
    other = copied([point])[0]
    assert type(other) is type(point)
    assert list(other.fields.items()) == [("x", 1.5), ("a", 2)]


@pytest.mark.parametrize(
    "value", [iter(n for n in range(3)), itertools.count()], ids=["generator", "count"]
)
def test_what_has_a_hidden_state_is_refused(value):
    """Unless it is only to be looked at."""
    copier = Copier()
    with pytest.raises(Uncopied, match="cannot be copied"):
        copier.dump([value])
    assert copier.load(copier.dump([value], lenient=True))[0] is value


def test_a_copy_that_is_too_large_is_given_up_on_the_way():
    """However large the rest of it is."""
    with pytest.raises(TooMuch):
        Copier().dump([bytes(10**6)] * 3, most=10**5)


def test_a_copy_that_takes_too_long_is_given_up_on_the_way():
    """Whoever asked for it is asked at each stretch of some 64 KiB whether it is enough."""
    asked = []

    def enough():
        asked.append(len(asked))
        return len(asked) == 3

    with pytest.raises(TooMuch):
        Copier().dump([float(number) for number in range(10**5)], enough=enough)
    assert asked == [0, 1, 2]


def test_fields_and_tags_that_are_kept_without_their_point_are_copied():
    """As mappings of their own, in their order."""
    point = wire_point(encode_point(Point({"x": 1.5, "a": 2}, time=5, tags={"t": "u"})))
    fields, tags = copied([point.fields, point.tags])
    assert (list(fields.items()), dict(tags)) == ([("a", 2), ("x", 1.5)], {"t": "u"})
    fields["x"] = 3.0
    assert point.fields["x"] == 1.5


def test_the_messages_of_the_official_api_are_copied():
    """A state may hold them."""
    from kapnb.compat import udf_pb2

    point = udf_pb2.Point(name="m", fieldsDouble={"x": 1.5})
    other = copied([point])[0]
    assert (other.name, other.fieldsDouble["x"]) == ("m", 1.5)
    other.name = "n"
    assert point.name == "m"


# ------------------------------------------------------------------------ how many


def filled(count, size=1000, **bounds):
    """Return checkpoints taken after each of so many inputs."""
    checkpoints, handler = Checkpoints(Holding, **bounds), Holding()
    cast = Cast(handler)
    for position in range(1, count + 1):
        handler.group_states["a"] = bytes(size)
        checkpoints.take(position, cast)
    return checkpoints


def test_their_number_is_bounded_and_they_stay_spread():
    """When there are too many every second goes, and new ones come further apart."""
    checkpoints = filled(1000, count_max=16)
    places = checkpoints.positions
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert 8 <= len(places) <= 16
    assert max(gaps) <= 4 * 1000 / 8
    assert places[-1] > 800


def test_their_bytes_are_bounded():
    """Whatever a state weighs; one alone that is too large is not kept."""
    checkpoints = filled(200, size=10_000, bytes_max=100_000)
    assert 50_000 <= checkpoints.size <= 100_000
    assert len(filled(3, size=60_000, bytes_max=100_000)) == 0


def test_the_nearest_is_the_last_before():
    """Or none."""
    checkpoints = filled(9)
    assert checkpoints.nearest(0) is None
    assert [checkpoints.nearest(at).position for at in (1, 5, 99)] == [1, 5, 9]


def test_a_state_that_cannot_be_copied_ends_it_with_a_reason():
    """Those taken before stay."""
    checkpoints, handler = Checkpoints(Holding), Holding()
    cast = Cast(handler)
    checkpoints.take(1, cast)
    handler.group_states["a"] = iter(n for n in range(3))
    checkpoints.take(2, cast)
    handler.group_states.clear()
    checkpoints.take(3, cast)
    assert (checkpoints.positions, checkpoints.failure) == ([1], "a generator cannot be copied")


# -------------------------------------------------------------------------- what cost


class Clock:
    """Goes on by what it is told; work is what a thread does meanwhile, all of it or none."""

    def __init__(self):
        self.now = self.worked = 0.0

    def __call__(self):
        return self.now

    def work(self):
        return self.worked

    def spend(self, seconds):
        self.now += seconds
        self.worked += seconds


class Costly(Checkpoints):
    """Each checkpoint takes so many seconds of work, in a hundred steps; `before` each is called."""

    def __init__(self, clock, cost, before=lambda place: None):
        super().__init__(Holding)
        self.clock, self.cost, self.before = clock, cost, before
        self.taken, self.given_up = [], []

    def take(self, position, cast, enough=None):
        self.before(len(self.taken))
        for _ in range(100):
            self.clock.spend(self.cost / 100)
            if enough():
                self.given_up.append(position)
                return False
        self.taken.append(position)
        return True


def spent(seconds, *, cost, clock=None, before=lambda place: None, step=0.001):
    """Run for so long, an input each `step`; return the checkpoints and their share."""
    clock = clock or Clock()
    checkpoints = Costly(clock, cost, before)
    recorder = checkpoints.recorder(Cast(Holding()), clock=clock, work=clock.work)
    for position in range(round(seconds / step)):
        clock.spend(step)
        recorder.look(position)
    return checkpoints, clock.worked / seconds - 1


def gaps(checkpoints):
    """Return the inputs before the first one, and between each and the next."""
    return [after - before for before, after in itertools.pairwise([0, *checkpoints.taken])]


@pytest.mark.parametrize("cost", [1e-5, 1e-3, 0.02, 0.5])
def test_they_take_a_small_share_of_a_run(cost):
    """Cheap ones come every tenth of a second, costly ones so much more rarely."""
    checkpoints, share = spent(60, cost=cost)
    assert share <= 0.03
    assert len(checkpoints.taken) > (500 if cost < 0.002 else 1)


def test_a_large_state_is_not_copied_before_the_run_is_long_enough():
    """Attempts are given up when they have taken what they may, and are few."""
    checkpoints, share = spent(40, cost=0.2)
    assert checkpoints.taken
    assert checkpoints.taken[0] > 5000
    assert len(checkpoints.given_up) < 12
    assert share < 0.03


@pytest.mark.parametrize("cost", [0.003, 0.006, 0.012])
def test_no_gap_is_longer_than_what_a_copy_costs_asks_for(cost):
    """The first one comes when the share of the run pays for half of it, at the latest for two."""
    checkpoints, share = spent(20, cost=cost)
    earned = cost / 0.02 * 1000
    assert max(gaps(checkpoints)[:1]) <= 2 * earned + 200
    assert max(gaps(checkpoints)[1:]) <= 1.5 * earned + 200
    assert share <= 0.021


def test_a_machine_that_stands_still_makes_no_gap():
    """Time that goes by in the midst of a copy, in which this thread does not work, is no cost."""
    clock = Clock()

    def stall(place):
        if place % 10 == 5:
            clock.now += 0.5

    checkpoints, _ = spent(10, cost=1e-4, clock=clock, before=stall)
    assert max(gaps(checkpoints)) <= 102


def test_one_copy_that_takes_unusually_long_makes_no_gap():
    """What was not spent before pays for it."""
    clock, long = Clock(), [0.05]

    def dally(place):
        if place == 100 and long:
            clock.spend(long.pop())

    checkpoints, share = spent(20, cost=1e-4, clock=clock, before=dally)
    assert not long
    assert max(gaps(checkpoints)) <= 202
    assert share < 0.02


def test_work_that_is_counted_in_coarse_steps_counts_no_more_than_time():
    """A step of 16 ms that falls into a copy of a tenth of one is no cost, either."""
    clock = Clock()
    clock.work = lambda: clock.worked // 0.016 * 0.016
    checkpoints, _ = spent(10, cost=1e-4, clock=clock)
    assert len(checkpoints.taken) > 90


@pytest.mark.parametrize("enabled", [True, False])
def test_no_garbage_is_collected_in_the_midst_of_a_copy(enabled):
    """Whose cost that would be; afterwards it is as it was, whatever happened."""
    seen = []

    class Looking:
        def __reduce__(self):
            seen.append(gc.isenabled())
            return Looking, ()

    checkpoints, handler = Checkpoints(Holding), Holding()
    cast = Cast(handler)
    handler.group_states["a"] = [Looking(), iter(n for n in range(3))]
    was = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        checkpoints.recorder(cast, every_s=0.0).look(1)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()
    assert checkpoints.failure
    assert set(seen) == {False}


def test_a_run_calls_no_user_code_for_them():
    """Neither snapshot() nor anything else: it is a run like any other."""

    class Own(Handler):
        asked = 0

        def point(self, point, state):
            state["n"] = state.get("n", 0) + 1

        def snapshot(self):
            self.asked += 1
            return super().snapshot()

    run = simulate(Own, zoo.points(300), group_by="host")
    assert run._node.instance.asked == 1
