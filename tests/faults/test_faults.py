"""Each fault does what it says, repeatably, and leaves its input alone."""

from __future__ import annotations

import itertools
import math

import pytest

from handlers_of_faults import SECOND, batches, points
from kapnb import BATCH, Batch, Point
from kapnb.errors import SourceError
from kapnb.faults import (
    AbsentFields,
    ClockJump,
    Duplicates,
    EmptyBatches,
    Gap,
    InputFault,
    Kill,
    Late,
    Missing,
    NewField,
    NotANumber,
    OutOfOrder,
    SlowHandler,
    TypeFlips,
    all_faults,
)
from kapnb.faults._fault import chance
from kapnb.testing import check_source

INPUT_FAULTS = [fault for fault in all_faults() if isinstance(fault, InputFault)]


def slots(fault, items, seed=0):
    return fault.slots(items, chance(seed, fault.name))


@pytest.mark.parametrize("fault", INPUT_FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("items", [points(), batches()], ids=["points", "batches"])
def test_a_seed_gives_the_same_each_time_and_the_input_stays(fault, items):
    """Two rounds with one seed are equal; the items are what they were."""
    before = [repr(item) for item in items]

    once, again = slots(fault, items), slots(fault, items)

    assert repr(once) == repr(again)
    assert [repr(item) for item in items] == before


@pytest.mark.parametrize("fault", INPUT_FAULTS, ids=lambda fault: fault.name)
def test_what_a_fault_leaves_alone_is_the_very_object(fault):
    """So that a comparison knows what was touched."""
    items = points()

    same = [slot for slot in slots(fault, items) if slot.item is items[slot.origin]]

    assert same
    assert {id(slot.item) for slot in same} <= {id(item) for item in items}


def test_out_of_order_swaps_neighbours_of_one_group():
    """Nothing is lost, and within the group the order is another."""
    items = points()

    order = [slot.origin for slot in slots(OutOfOrder(), items)]

    assert sorted(order) == list(range(len(items)))
    for rest in (0, 1):  # the hosts alternate
        way = [origin for origin in order if origin % 2 == rest]
        assert way != sorted(way)


def test_duplicates_come_twice_in_a_row():
    """Same time, same values."""
    arrived = slots(Duplicates(rate=0.1), points(50))

    twice = [one for one, other in itertools.pairwise(arrived) if one.origin == other.origin]

    assert len(twice) == 5
    assert len(arrived) == 55


def test_a_late_point_keeps_its_time():
    """It comes behind newer ones."""
    arrived = [slot.item.time for slot in slots(Late(rate=0.1, by=5), points(50))]

    assert sorted(arrived) == [point.time for point in points(50)]
    assert arrived != sorted(arrived)


def test_missing_points_are_those_of_the_rate():
    """A tenth of fifty."""
    assert len(slots(Missing(rate=0.1), points(50))) == 45


def test_a_point_keeps_its_last_field():
    """One without fields does not exist."""
    items = [Point({"x": 1.0}, time=n) for n in range(5)]

    assert all(slot.item is items[slot.origin] for slot in slots(AbsentFields(rate=1.0), items))
    assert all(len(slot.item.fields) == 1 for slot in slots(AbsentFields(rate=1.0), points()))


@pytest.mark.parametrize(
    ("to", "before", "after"),
    [
        (
            "int <-> double",
            {"a": 3, "b": 2.6, "c": True, "d": "t"},
            {"a": 3.0, "b": 3, "c": True, "d": "t"},
        ),
        ("string", {"a": 3, "b": 2.5, "c": True}, {"a": "3", "b": "2.5", "c": True}),
    ],
)
def test_a_flipped_number_is_as_near_as_its_type_allows(to, before, after):
    """Booleans and texts stay."""
    (slot,) = slots(TypeFlips(rate=1.0, to=to), [Point(before, time=0)])

    assert {name: (type(value), value) for name, value in slot.item.fields.items()} == {
        name: (type(value), value) for name, value in after.items()
    }


@pytest.mark.parametrize("value", [math.inf, 1e300, math.nan])
def test_a_double_that_no_int_is_near_stays(value):
    """It is not flipped, and nothing fails."""
    point = Point({"x": value}, time=0)

    (slot,) = slots(TypeFlips(rate=1.0), [point])

    assert slot.item is point


def test_nan_replaces_doubles_only():
    """An int cannot be NaN."""
    (slot,) = slots(NotANumber(rate=1.0), [Point({"a": 1, "b": 2.0}, time=0)])

    assert slot.item.fields["a"] == 1
    assert math.isnan(slot.item.fields["b"])


def test_an_empty_batch_keeps_name_tags_and_time():
    """Only the points are gone."""
    (slot,) = slots(EmptyBatches(), batches(1))

    assert slot.item == Batch((), name="m", tags={"host": "a"}, tmax=9 * SECOND)


def test_a_gap_lasts_and_a_clock_is_put_right():
    """After a gap all is later; a jump ends."""
    items = points(50)

    gap = [slot.item.time - items[slot.origin].time for slot in slots(Gap(length=5), items)]
    jump = [slot.item.time - items[slot.origin].time for slot in slots(ClockJump(by=-7), items)]

    assert gap[0] == 0
    assert gap[-1] == 5
    assert sorted(set(jump)) == [-7, 0]
    assert jump.count(-7) <= 5


def test_times_end_where_int64_ends():
    """A gap at the end of time is no error."""
    late = [Point({"x": 1.0}, time=2**63 - 1 - n) for n in (2, 1)]

    assert [slot.item.time for slot in slots(Gap(), late)] == [2**63 - 3, 2**63 - 1]


def test_batches_move_with_their_points():
    """The batch's own time jumps, too."""
    items = batches(10)

    moved = [slot for slot in slots(ClockJump(by=3), items) if slot.item is not items[slot.origin]]

    for slot in moved:
        assert slot.item.tmax == items[slot.origin].tmax + 3
        assert slot.item.points[0].time == items[slot.origin].points[0].time + 3
    assert moved


def test_a_new_field_stands_first_or_last():
    """Among fields in sorted order."""
    (first,) = NewField().items([Point({"x": 1.0}, time=0)], first=True)
    (last,) = NewField().items([Point({"x": 1.0}, time=0)], first=False)

    assert sorted(first.fields)[1] == "x"
    assert sorted(last.fields)[0] == "x"


def test_faults_are_put_together():
    """The second works on what the first left; origins are those of the first."""
    both = Missing(rate=0.5) | Duplicates(rate=1.0)

    arrived = slots(both, points(20))

    assert len(arrived) == 20
    assert both.name == "missing points | duplicates"
    assert len({slot.origin for slot in arrived}) == 10
    assert {slot.item.time for slot in arrived} < {point.time for point in points(20)}


def test_only_faults_of_the_data_can_be_put_together():
    """A kill has no place in a list of points."""
    with pytest.raises(TypeError):
        Missing() | Kill()


def test_a_faulty_source_is_a_source():
    """Re-iterable, of the same edge, and it says what it is."""
    source = Missing(rate=0.5).source(batches(4), seed=3)

    check_source(source)
    assert source.edge is BATCH
    assert list(source) == list(source)
    assert repr(source) == "Items(4 batches) with Missing(rate=0.5), seed 3"


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: Missing(rate=0), "missing points: rate is a share above 0"),
        (lambda: Missing(rate=1.5), "missing points: rate is a share above 0"),
        (lambda: EmptyBatches(rate=-1), "empty batches: rate is a share above 0"),
        (lambda: Late(by=0), "late: by is a number of points"),
        (lambda: TypeFlips(to="bool"), "type flips: to is one of int <-> double, string"),
        (lambda: Gap(length=0), "huge gap: length is a time above 0"),
        (lambda: ClockJump(by=0), "clock jump: by is a time other than 0"),
        (lambda: Kill(times=0), "snapshot and kill: times is at least 1"),
        (lambda: SlowHandler(timeout=0), "keepalive pressure: timeout is a number of seconds"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong, text):
    """With the fault's name and what it takes."""
    with pytest.raises(SourceError, match=f"^{text}"):
        wrong()


def test_every_fault_says_what_happens_in_production():
    """In a sentence or two, under a name of its own."""
    faults = all_faults()

    assert len({fault.name for fault in faults}) == len(faults) == 19
    assert all(len(fault.reality) > 40 for fault in faults)
