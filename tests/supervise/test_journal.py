"""Journal: what is kept for a replay, and how outputs are compared and named."""

from hypothesis import given
from hypothesis import strategies as st

from harness import cpu
from kapnb.model import BeginBatch, EndBatch, Point
from kapnb.protocol import ProtobufCodec, WirePoint, split_frames
from kapnb.supervise import Limits
from kapnb.supervise._journal import BatchUnit, Journal, Mark, canonical, describe, show
from kapnb.supervise._task import Task
from strategies import points

CODEC = ProtobufCodec()


def frame(message, *, in_batch=False):
    return CODEC.encode_request(message, in_batch=in_batch)


def unit(*items, tmax=9):
    return BatchUnit.of(
        [
            frame(BeginBatch("cpu", "host=a")),
            *[frame(item, in_batch=True) for item in items],
            frame(EndBatch("cpu", "host=a", tmax)),
        ]
    )


def filled(inputs):
    """Return a journal of so many inputs, each with an output of the same bytes."""
    journal = Journal()
    for number in range(inputs):
        journal.add_points([b"i%d" % number])
        journal.add_outputs([b"o%d" % number])
    return journal


def test_two_marks_are_kept_and_what_came_since_the_older():
    """What lies before it is let go of, on both sides."""
    journal = filled(6)
    for position in (1, 3, 4):
        journal.add_mark(Mark(position, position, b"state"))

    assert [mark.position for mark in journal.marks] == [3, 4]
    assert journal.inputs(3, 6) == [b"i3", b"i4", b"i5"]
    assert journal.output(3) == b"o3"
    assert (journal.points, journal.size, journal.end, journal.sent) == (3, 12, 6, 6)


def test_a_mark_during_a_replay_takes_the_older_ones_place():
    """The newer one may lie beyond what the process has come to."""
    journal = filled(6)
    journal.add_mark(Mark(5, 5, b"late"))

    journal.add_mark(Mark(2, 2, b"early"))

    assert [mark.position for mark in journal.marks] == [2, 5]


def test_a_mark_at_a_place_that_is_known_changes_nothing():
    """Nothing has come in between."""
    journal = filled(2)
    journal.add_mark(Mark(1, 1, b"state"))

    journal.add_mark(Mark(1, 1, b"state"))
    journal.add_mark(Mark(0, 0, b"state"))

    assert [mark.snapshot for mark in journal.marks] == [None, b"state"]


def test_a_full_buffer_lets_no_mark_go_that_a_replay_has_not_reached():
    """Its process still needs the inputs between the two."""
    task = Task(Limits(buffer_points=5), send=None)
    task.journal.add_points([b"0", b"1", b"2"])
    task.mark(Mark(3, 0, b"late"))
    task.journal.add_points([b"3", b"4", b"5"])
    assert task.full

    task.mark(Mark(1, 0, b"early"))

    assert [mark.position for mark in task.journal.marks] == [1, 3]


def test_the_points_of_batches_are_counted():
    """An empty batch counts as one."""
    journal = Journal()
    journal.add_batch(unit(cpu(), cpu(), cpu()))
    journal.add_batch(unit())
    assert journal.points == 4

    journal.add_mark(Mark(1, 0, b"state"))
    journal.drop_mark()

    assert (journal.points, journal.size) == (1, len(unit()))


@given(points(), st.randoms(use_true_random=False))
def test_equal_points_are_equal_however_they_were_written(point, rng):
    """Entries of maps may stand in any order, values are compared to the bit."""
    tags, fields = list(point.tags.items()), list(point.fields.items())
    rng.shuffle(tags)
    rng.shuffle(fields)
    other = Point(
        dict(fields),
        time=point.time,
        name=point.name,
        tags=dict(tags),
        dimensions=point.dimensions,
        by_name=point.by_name,
        database=point.database,
        retention_policy=point.retention_policy,
    )

    assert canonical(frame(point)) == canonical(frame(other))


def test_points_that_differ_are_told_apart():
    """Even by a type, the sign of zero, or the order of the points of a batch."""
    one, other = cpu(0.0), cpu(time=1)
    assert canonical(frame(one)) != canonical(frame(cpu(-0.0)))
    assert canonical(frame(cpu(1.0))) != canonical(frame(cpu(1)))
    assert canonical(unit(one, other)) != canonical(unit(other, one))
    assert canonical(unit(tmax=1)) != canonical(unit(tmax=2))


def test_a_point_that_was_changed_by_adding_is_canonical_too():
    """An added field is appended to the bytes."""
    (body,) = split_frames(frame(cpu()))
    raw = CODEC.decode_request(body)
    assert isinstance(raw, WirePoint)

    assert canonical(CODEC.encode_response(raw.with_fields(b=1.0, a=2.0), in_batch=False)) == (
        canonical(CODEC.encode_response(raw.with_fields(a=2.0, b=1.0), in_batch=False))
    )


def test_inputs_are_named_by_what_tells_them_apart():
    """For the person who looks for the one that is to blame."""
    assert describe(frame(cpu(time=5)), 7) == "point 7 since the start (group 'host=a', time 5)"
    assert describe(unit(cpu()), 7) == "batch 7 since the start (group 'host=a', tmax 9)"
    broken = b"\x04\x8a\x01\x01\xff"
    assert describe(broken, 7).startswith("input 7 since the start (a point could not be decoded")


def test_outputs_are_shown_in_a_line():
    """Long ones are cut."""
    assert "value=1.0" in show(frame(cpu()))
    assert len(show(unit(*[cpu()] * 50))) < 400
