"""The snapshot format: plain values in, the same values out, for every kind there is."""

import dataclasses
import enum
import json
import math
import typing
import zlib
from array import array
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import cpu, exact
from kapnb.errors import SnapshotError
from kapnb.handler import Handler, Option, Snapshot
from kapnb.handler._kinds import KINDS
from kapnb.handler._namespace import Namespace
from kapnb.handler._snapshot import pack, unpack
from kapnb.model import Batch, BeginBatch, Duration, EndBatch, Group, Point
from kapnb.protocol import ProtobufCodec, split_frames
from strategies import plain_values, points


@dataclasses.dataclass
class Window:
    values: deque
    total: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    inner: Window | None = None


@dataclasses.dataclass(slots=True)
class Late:
    """Has a field that is set later, or never."""

    n: int
    later: int = dataclasses.field(init=False)
    cached: list = dataclasses.field(init=False, default_factory=list, repr=False)


@dataclasses.dataclass
class Derived(Window):
    unit: str = "ms"


Pair = namedtuple("Pair", "low high", defaults=[None])


class Reading(typing.NamedTuple):
    at: int
    value: float = 0.0


class Color(enum.Enum):
    RED = "r"
    BLUE = ("b", 1)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Ability(enum.Flag):
    READ = 1
    WRITE = 2


class Keeping(Handler):
    """Stands in this module, so that the classes above are found."""

    @dataclasses.dataclass
    class Inner:
        n: int = 0


HEADER = {"handler": "H"}
HERE = Namespace(Keeping)


def there_and_back(state):
    return unpack(pack({"g": state}, HEADER, HERE), HEADER, HERE).groups["g"]


def shown(value):
    """Turn a value into one that tells 1 from 1.0 from True and all types apart."""
    kind = type(value).__name__
    if dataclasses.is_dataclass(value):
        slots = [f.name for f in dataclasses.fields(value) if hasattr(value, f.name)]
        return kind, [(name, shown(getattr(value, name))) for name in slots]
    if isinstance(value, dict):
        factory = getattr(value, "default_factory", None)
        return kind, factory, [(shown(key), shown(item)) for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return kind, sorted(map(repr, map(shown, value)))
    if isinstance(value, (list, tuple, deque)):
        return kind, getattr(value, "maxlen", None), [shown(item) for item in value]
    if isinstance(value, array):
        return kind, value.typecode, value.tobytes()
    if isinstance(value, (np.ndarray, np.generic)):
        return kind, value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Point):
        return exact(value)
    if isinstance(value, (datetime, time)):
        return kind, value.isoformat(), value.fold, value.tzname()
    return kind, hex(value) if type(value) is int else repr(value)


def check(state):
    """Compare a state with what comes back, types included, and the bytes of both."""
    back = there_and_back(state)

    assert shown(back) == shown(state)
    assert pack({"g": back}, HEADER, HERE) == pack({"g": state}, HEADER, HERE)


# ---------------------------------------------------------------- kinds of value


@given(plain_values)
@example({"!": "float", "v": "1.0"})
@example({"!": {"!": 1}})
@example({1: "int", "1": "text", None: 0, (1, 2): [()]})
@example("\ud800 alone")
@example({"\ud800": "\udfff"})
@example([2**70, -(10**1000), 10**1000, 10**5000, {10**5000: 1}])
def test_plain_values_come_back_exactly(state):
    """Nested lists, tuples, dicts with any keys, bytes, text with lone surrogates, any int."""
    assert shown(there_and_back(state)) == shown(state)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1], ids=repr)
def test_every_float_comes_back(value):
    """JSON has no word for three of them."""
    check(value)
    check([value, {"x": value}])
    check(deque([1.0, value], maxlen=9))
    check(array("d", [value]))


@given(st.floats())
def test_floats_come_back_bit_by_bit(value):
    """But for the payload of a NaN."""
    back = there_and_back([value])[0]

    assert math.isnan(back) if math.isnan(value) else back.hex() == value.hex()


HALF = timezone(timedelta(hours=5, minutes=30))
STATES = [
    deque([1, 2.5, "x"], maxlen=3),
    deque(),
    {1, 2, 3},
    {"b", "a"},
    frozenset({"a", ("b", 1)}),
    {frozenset({1}), frozenset({2})},
    b"\x00\xff",
    bytearray(b"x"),
    {(1, "a"): {None: deque([(1,)])}},
    {True: 1, 2.5: 2, b"k": 3},
    Counter("abca"),
    Counter({"x": -1, ("y", 2): 0.5}),
    OrderedDict([("b", 1), ("a", OrderedDict())]),
    OrderedDict([("!", 1)]),
    defaultdict(list, {"a": [1]}),
    defaultdict(deque, {1: deque([1])}),
    defaultdict(None, {"a": 1}),
    defaultdict(Counter),
    1 + 2j,
    complex(math.nan, -0.0),
    complex("-0-infj"),
    range(5),
    range(10**30, -5, -3),
    range(True),
    date(2026, 1, 31),
    datetime.fromisoformat("2026-01-31T12:00:00.000001"),
    datetime(2026, 1, 31, tzinfo=UTC),
    datetime(2026, 10, 25, 2, 30, tzinfo=HALF, fold=1),
    datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=1), "CET")),
    datetime(2026, 1, 31, tzinfo=timezone(timedelta(0), "GMT")),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=-23, minutes=-59, seconds=-59))),
    time(23, 59, 59, 999999, tzinfo=UTC),
    timedelta(days=-3, microseconds=1),
    timedelta.max,
    Decimal("1.10"),
    Decimal("-0E+500"),
    Decimal("sNaN123"),
    Decimal("-Infinity"),
    array("d", [1.5, -0.0, math.nan]),
    array("q", [-(2**63), 2**63 - 1]),
    array("B"),
    array("f", [0.1]),
    Window(deque([1.0], maxlen=5), math.inf),
    Frozen("x", Window(deque())),
    {"window": Window(deque([Frozen("y")]))},
    {Frozen("x"): 1},
    Derived(deque(), unit="s"),
    Keeping.Inner(3),
    Late(1),
    Pair(1),
    Pair((1,), Pair(2, [])),
    Reading(5, math.nan),
    [Color.RED, Color.BLUE, Level.HIGH, Ability.WRITE],
    {Color.RED: 1, Level.LOW: 2},
    Duration.parse("90s"),
    [Duration(-1), 1],
    {"last": cpu(1), "times": [date(1, 1, 1)], "sum": Decimal(3)},
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: type(state).__name__)
def test_collections_classes_and_times_come_back(state):
    """With their type, their maxlen or factory, and what is inside."""
    check(state)


def test_every_kind_is_among_the_examples():
    """A kind that is added must be tried."""
    text = b"".join(
        pack({"g": state}, HEADER, HERE) for state in [*STATES, *OWN, math.nan, 10**1000, *ARRAYS]
    )

    missing = [name for name, *_ in KINDS if f'{{"!":"{name}"'.encode() not in text]
    assert missing == []


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.array([], dtype="int32"),
    np.array(5),
    np.array(["a", "bcd"]),
    np.array([b"a"]),
    np.array([True, False]),
    np.array([1 + 2j]),
    np.array([0.1], dtype="float16"),
    np.array(["2026-01-01", "NaT"], dtype="datetime64[ns]"),
    np.array([3], dtype="timedelta64[25s]"),
    np.arange(6).reshape(2, 3).T,
    np.arange(4, dtype=">i2"),
    np.zeros((0, 3)),
    np.float64(1.5),
    np.float32("nan"),
    np.int64(-3),
    np.bool_(True),
    np.datetime64("2026-01-01"),
    np.str_("x\0"),
    np.str_(""),
    np.bytes_(b"x\0"),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype} {array.shape}")
def test_numpy_arrays_and_scalars_come_back(array):
    """Type, shape and order; scalars creep into states of those who use NumPy."""
    check(array)
    check([array])


def test_an_array_can_be_written_to_again():
    """As the Handler's own could."""
    back = there_and_back(np.zeros(3))

    assert back.flags.writeable


OWN = [
    Point({"x": 1.0, "n": 1, "s": "t", "b": True, "!": 0, "nan": math.nan}),
    Point({}, time=-5, name="", tags={}, dimensions=(), by_name=False),
    cpu(1.5, tags={"host": "a", "!": "b"}, by_name=True),
    Batch([cpu(1), Point({})], name="m", tags={"host": "a"}, tmax=5, by_name=True),
    Batch([]),
    BeginBatch("m", "host=a", {"host": "a"}, 3, True),
    EndBatch("m", "host=a", -5, {"host": "a"}),
    Group("host=a", ("host",), {"host": "a"}),
]


@pytest.mark.parametrize("state", OWN, ids=lambda value: type(value).__name__)
def test_the_values_of_kapnb_come_back(state):
    """What is to be inherited still is."""
    back = there_and_back([state])[0]

    assert exact(back) == exact(state) if isinstance(state, Point) else back == state
    assert pack({"g": [back]}, HEADER, HERE) == pack({"g": [state]}, HEADER, HERE)


ORIGIN = cpu(9.0, time=7, host="origin", by_name=True)


@given(points(), st.booleans())
def test_a_point_from_the_wire_comes_back_as_one(point, in_batch):
    """With all its content: what it gives when it is sent again is the same."""
    codec = ProtobufCodec(deterministic=True)
    (body,) = split_frames(codec.encode_request(point, in_batch=in_batch))
    wired = codec.decode_request(body)

    back = there_and_back(wired)

    assert type(back) is type(wired)
    assert exact(back) == exact(wired)
    for again in (True, False):
        sent = [codec.encode_response(item, in_batch=again) for item in (back, wired)]
        assert [exact(codec.decode_response(body)) for (body,) in map(split_frames, sent)] == [
            exact(wired)
        ] * 2
    assert exact(back.inherited(ORIGIN)) == exact(wired.inherited(ORIGIN))
    assert exact(back.with_tags(host="moved")) == exact(wired.with_tags(host="moved"))
    assert wired.raw is not None  # still the bytes that it came in


def test_a_point_from_the_wire_that_was_changed_keeps_its_change():
    """It is no longer the bytes it came in."""
    codec = ProtobufCodec()
    (body,) = split_frames(codec.encode_request(cpu(), in_batch=False))
    changed = codec.decode_request(body)
    changed.fields["value"] = 2

    back = there_and_back(changed)

    assert exact(back) == exact(changed)
    assert back.fields == {"value": 2}


def test_a_point_that_was_changed_keeps_its_change():
    """A tag that was set moves it to another group, also after a restore."""
    moved = cpu()
    moved.tags["host"] = "b"
    looked = Point({"x": 1.0})
    assert not looked.tags  # which it is still to inherit

    assert there_and_back(moved).group == "host=b"
    assert there_and_back(looked).inherited(ORIGIN).tags == ORIGIN.tags


def test_a_reference_that_is_shared_becomes_copies():
    """JSON has no references; the documents say so."""
    one = [1]

    first, second = there_and_back((one, one))

    assert first == second
    assert first is not second


# ---------------------------------------------------------------------- classes


def test_a_dataclass_is_rebuilt_without_its_init():
    """Which may open files, or check what was right when it was kept."""
    called = []

    class Outer(Handler):
        @dataclasses.dataclass
        class Counting:
            n: int

            def __new__(cls, n):
                called.append("new")
                return object.__new__(cls)

            def __post_init__(self):
                called.append(self.n)

            def __setattr__(self, name, value):
                called.append(name)
                object.__setattr__(self, name, value)

            def __getattr__(self, name):
                called.append(name)

            def __setstate__(self, state):
                called.append(state)

    state = Outer.Counting(1)
    namespace = Namespace(Outer)
    before = list(called)

    back = unpack(pack({"g": state}, HEADER, namespace), HEADER, namespace).groups

    assert called == before
    assert back == {"g": state}


def test_what_a_dataclass_holds_besides_its_fields_is_kept():
    """It would be missing after a restore, where __post_init__ is not called."""
    state = Window(deque([1.0]))
    state.seen = {1, 2}

    back = there_and_back(state)

    assert vars(back) == vars(state)


class Metres:
    """A descriptor: code that runs when an attribute is read or set."""

    def __set_name__(self, owner, name):
        self.slot = f"_{name}"

    def __get__(self, instance, owner=None):
        if instance is None:
            return 1.0
        self.reads.append(1)
        return getattr(instance, self.slot)

    def __set__(self, instance, value):
        self.writes.append(1)
        setattr(instance, self.slot, value)

    reads, writes = [], []


@dataclasses.dataclass
class Measured:
    length: float = Metres()


def test_a_field_behind_a_descriptor_is_kept_as_it_is_stored():
    """Neither taking a snapshot nor restoring one runs the descriptor."""
    state = Measured(2.5)
    reads, writes = len(Metres.reads), len(Metres.writes)

    back = there_and_back(state)

    assert (len(Metres.reads), len(Metres.writes)) == (reads, writes)
    assert back.length == 2.5


def test_a_field_that_was_never_set_stays_unset():
    """It is no default's turn."""
    state = Late(1)
    state.cached.append(5)

    back = there_and_back(state)

    assert back.cached == [5]
    assert not hasattr(back, "later")


def test_a_class_of_a_base_handlers_module_is_found():
    """A Handler of a library keeps its state when a script derives from it."""
    script = type("Derived", (Keeping,), {"__module__": "some_script"})
    namespace = Namespace(script)

    back = unpack(pack({"g": Pair(1, 2)}, HEADER, namespace), HEADER, namespace)

    assert back.groups == {"g": Pair(1, 2)}


# --------------------------------------------------------------------- document


def test_equal_states_give_equal_bytes():
    """The order of a set differs from process to process; that of its bytes does not."""
    names = [f"name{i}" for i in range(50)]
    for make in (set, frozenset):
        for items in (names, [(name, 1.0) for name in names], [*names, 1, None]):
            first, second = make(items), make(reversed(items))

            packed = pack({"g": first}, HEADER, HERE)

            assert packed == pack({"g": second}, HEADER, HERE)


def test_a_snapshot_can_be_read_by_people():
    """JSON, in the letters that people wrote."""
    packed = pack({"host=ä": {"n": 1, "window": Window(deque([1.5], 2))}}, HEADER, HERE)

    assert packed.decode() == (
        '{"kapnb":2,"header":{"handler":"H"},"classes":{"Window":["values","total"]},'
        '"groups":{"host=ä":{"n":1,"window":{"!":"dataclass","class":"Window","v":'
        '{"values":{"!":"deque","v":[1.5],"maxlen":2},"total":0.0}}}}}'
    )


@pytest.mark.parametrize("group", ["", "cpu\nhost=a", "host=\x00", '"', "host=ä,dc=", "!"])
def test_any_group_id_is_a_key(group):
    """They are opaque."""
    assert unpack(pack({group: 1}, HEADER, HERE), HEADER, HERE).groups == {group: 1}


def test_a_large_snapshot_is_compressed():
    """The usual kind, windows of numbers, to less than two thirds."""
    groups = {
        f"host=server{i}": deque([math.sin(i + j) for j in range(50)], 50) for i in range(200)
    }

    packed = pack(groups, HEADER, HERE)
    text = zlib.decompress(packed)

    assert json.loads(text)["groups"].keys() == groups.keys()
    assert len(packed) < len(text) * 2 / 3
    assert unpack(packed, HEADER, HERE).groups == groups


@pytest.mark.parametrize("count", [6_000, 7_000, 1_000_000])
def test_a_snapshot_that_shrinks_to_nothing_stays_text(count):
    """So that whoever reads a compressed one knows how large it can become."""
    groups = {"g": [0] * count}
    packed = pack(groups, HEADER, HERE)

    assert packed.startswith(b'{"kapnb"')
    assert unpack(packed, HEADER, HERE).groups == groups


VERSION_1 = (
    b'{"kapnb":1,"header":{"handler":"H"},"groups":{"g":[{"!":"deque","v":[1.5],"maxlen":2},'
    b'{"!":"dataclass","class":"Window","v":{"values":1,"total":{"!":"float","v":"nan"}}},'
    b'{"!":"dict","v":[[1,{"!":"tuple","v":[1]}]]},'
    b'{"!":"numpy","dtype":"<f8","shape":[1],"v":"AAAAAAAA8D8="}]}}'
)


def test_a_snapshot_of_format_1_is_read():
    """What an older kapnb left in Kapacitor's store."""
    window, kept, mapping, numbers = unpack(VERSION_1, HEADER, HERE).groups["g"]

    assert shown(window) == shown(deque([1.5], 2))
    assert shown(kept) == shown(Window(1, math.nan))
    assert mapping == {1: (1,)}
    assert numbers.tolist() == [1.0]


class Averaging(Handler):
    size = Option(int, default=2)

    def group_state(self):
        return Window(deque(maxlen=self.size))


class Other(Averaging):
    pass


def test_a_handler_keeps_its_groups():
    """Its dataclasses are found in its own module."""
    first, second = Averaging(), Averaging()
    first.group_states["host=a"] = Window(deque([1.0], 2), 1.0)

    second.restore(Snapshot(first.snapshot()))

    assert second.group_states == first.group_states


@pytest.mark.parametrize(
    ("cls", "size", "problem"),
    [
        (Averaging, 3, "taken with options {'size': '2'}, now {'size': '3'}"),
        (Other, 2, "taken with handler 'Averaging', now 'Other'"),
    ],
    ids=["options", "handler"],
)
def test_a_snapshot_of_another_handler_is_refused(cls, size, problem):
    """Old state under new options is wrong more often than none."""
    handler = cls()
    handler.size = size

    with pytest.raises(SnapshotError) as raised:
        handler.restore(Snapshot(Averaging().snapshot()))

    assert str(raised.value) == problem


def test_a_snapshot_has_its_bytes_under_the_official_name():
    """A restore written for the official agent reads `request.snapshot`."""
    snapshot = Snapshot(b"x")

    assert snapshot.snapshot == b"x"
    assert snapshot == b"x"
