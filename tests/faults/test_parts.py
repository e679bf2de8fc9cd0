"""The parts under stress and check_resume: the wire, the shrinking, the hidden places."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers_of_faults as handlers
from handlers_of_faults import batches, points
from kapnb import Handler, Point
from kapnb.faults import ShuffledCodec, shrink
from kapnb.model import BeginBatch, EndBatch, InfoRequest, InitRequest, SnapshotRequest
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb.simulation._hidden import Hidden
from strategies import points as any_points

PLAIN = ProtobufCodec(deterministic=True)


def body(codec, message, in_batch=False):
    (inner,) = split_frames(codec.encode_request(message, in_batch=in_batch))
    return inner


@given(any_points(), st.integers(0, 9), st.booleans())
def test_a_shuffled_point_is_the_same_point(point, seed, in_batch):
    """Decoded it is equal, and not a byte more or less."""
    shuffled = ShuffledCodec(seed)
    point.time = point.time if point.has_time else 0

    one, other = body(PLAIN, point, in_batch), body(shuffled, point, in_batch)

    assert PLAIN.decode_request(one).canonical() == PLAIN.decode_request(other).canonical()
    assert sorted(one) == sorted(other)
    assert body(ShuffledCodec(seed), point, in_batch) == other


@pytest.mark.parametrize(
    "message",
    [
        InfoRequest(),
        InitRequest((), "task", "node"),
        SnapshotRequest(),
        BeginBatch("m", "a=1,b=2", {"a": "1", "b": "2"}, 3),
        EndBatch("m", "a=1,b=2", 5, {"a": "1", "b": "2"}),
    ],
)
def test_other_messages_keep_their_meaning(message):
    """Those without maps keep their bytes."""
    shuffled = [body(ShuffledCodec(seed), message) for seed in range(5)]

    assert all(PLAIN.decode_request(one) == message for one in shuffled)
    if not hasattr(message, "tags"):
        assert set(shuffled) == {body(PLAIN, message)}
    else:
        assert len(set(shuffled)) > 1


def test_every_map_of_a_point_is_shuffled():
    """Tags, doubles, ints, strings, booleans."""
    for make in (
        lambda name: ({}, {name: "t"}),
        lambda name: ({name: 1.5}, {}),
        lambda name: ({name: 1}, {}),
        lambda name: ({name: "t"}, {}),
        lambda name: ({name: True}, {}),
    ):
        fields, tags = {}, {}
        for name in "abcdef":
            more_fields, more_tags = make(name)
            fields |= more_fields
            tags |= more_tags
        point = Point(fields, tags=tags, time=0)
        assert len({body(ShuffledCodec(seed), point) for seed in range(5)}) > 1


@given(st.sets(st.integers(0, 59), min_size=1, max_size=5))
def test_shrinking_keeps_exactly_what_is_needed(needed):
    """In order, and nothing else, if all of it is needed."""
    left, is_minimal = shrink(range(60), lambda part: needed <= set(part), tries=10_000)

    assert left == sorted(needed)
    assert is_minimal


def test_shrinking_gives_up_honestly():
    """When the tries are over, what it has is no minimum."""
    left, is_minimal = shrink(range(100), lambda part: {3, 97} <= set(part), tries=3)

    assert {3, 97} <= set(left)
    assert not is_minimal


def test_shrinking_never_tries_nothing():
    """A single item is not left out, and there is no empty try."""
    tried = []

    def shows(part):
        tried.append(list(part))
        return True

    left, is_minimal = shrink([1, 2, 3, 4], shows)

    assert len(left) == 1
    assert is_minimal
    assert [] not in tried


def test_hidden_places_are_put_back_in_place():
    """The very object is refilled, since others may hold it."""
    held = handlers.COUNTS
    hidden = Hidden(handlers.InGlobal)
    held["a"] = 1

    assert hidden.changed() == ["global COUNTS"]
    hidden.reset()

    assert handlers.COUNTS is held
    assert held == {}


LIMIT = 3
CONFIG = {"deep": [1, {2}]}
MODEL = None


class Model:
    """Something large that is loaded once."""

    def __init__(self):
        self.fit = lambda: 1


def helper():
    """Name a global, as the Handler's own function does through it."""
    return CONFIG["deep"]


class Named(Handler):
    """Names its globals in many ways."""

    scale: ClassVar = [1.0]

    @property
    def first(self):
        return self.scale[0]

    @classmethod
    def built(cls):
        return LIMIT

    def point(self, point):
        global MODEL
        MODEL = MODEL or Model()
        return [point for _ in range(LIMIT) if helper()]


def test_what_functions_name_is_found_and_nothing_else():
    """Globals, through helpers too; class attributes; nothing of the framework."""
    names = set(Hidden(Named).values())

    assert names == {"global LIMIT", "global CONFIG", "global MODEL", "class attribute Named.scale"}


def test_a_model_that_was_loaded_stays():
    """Loading it anew for each process would take for ever."""
    global MODEL
    hidden = Hidden(Named)
    MODEL = model = Model()
    try:
        hidden.reset()
        assert MODEL is model
    finally:
        MODEL = None


def test_objects_of_the_handlers_module_are_put_back():
    """With all that they hold."""

    class Box:
        def __init__(self):
            self.count = 0

    box = Box()

    class Boxed(Handler):
        def point(self, point):
            box.count += 1
            yield point.with_fields(count=box.count)

    hidden = Hidden(Boxed)
    box.count = 5
    hidden.reset()

    assert box.count == 0


TABLE = dict.fromkeys(range(2000), 0)
RING = []


class OnBase(handlers.InGlobal):
    """Its state is in the module of its base; it names a table and a ring besides."""

    def point(self, point):
        RING.append(TABLE[0])
        return super().point(point)


def test_the_modules_of_bases_are_looked_at_and_large_tables_are_not():
    """What is large before the first run is taken for a constant."""
    names = set(Hidden(OnBase).values())

    assert names == {"global COUNTS", "global RING"}


def test_what_holds_itself_is_put_back():
    """However it grew meanwhile."""
    hidden = Hidden(OnBase)

    RING.append(RING)
    RING.extend(range(5000))
    hidden.reset()

    assert RING == []


def test_the_data_of_these_tests_tells_its_items_apart():
    """Else a wrong order would look right."""
    assert len({repr(point) for point in points()}) == 120
    assert len({repr(batch.points) for batch in batches()}) == 12
