"""The snapshot format: plain values in, the same values out, nothing ever run."""

import dataclasses
import json
import math
import pickle
from collections import Counter, OrderedDict, deque, namedtuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import exact
from kapnb.errors import SnapshotError
from kapnb.handler import Handler, Option, Snapshot
from kapnb.handler._snapshot import pack, unpack
from kapnb.model import Duration, Point
from strategies import plain_values


@dataclasses.dataclass
class Window:
    values: deque
    total: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    inner: Window | None = None


class Exploding:
    """Runs code when it is unpickled, compared, hashed or shown."""

    def __reduce__(self):
        return (pytest.fail, ("code from a snapshot was run",))


HEADER = {"handler": "H"}


def there_and_back(state):
    packed = pack({"g": state}, HEADER)
    return unpack(packed, HEADER, globals().get)["g"]


def check(state, same=exact):
    """Compare a state with what comes back, types included."""
    back = there_and_back(state)

    assert type(back) is type(state)
    assert same(back) == same(state)
    assert pack({"g": back}, HEADER) == pack({"g": state}, HEADER)


@given(plain_values)
@example({"!": "float", "v": "1.0"})
@example({"!": {"!": 1}})
@example({1: "int", "1": "text", None: 0, (1, 2): [()]})
@example("\ud800 alone")
@example({"\ud800": "\udfff"})
@example(2**70)
def test_plain_values_come_back_exactly(state):
    """Nested lists, tuples, dicts with any keys, bytes, text with lone surrogates."""
    assert repr(there_and_back(state)) == repr(state)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324], ids=repr)
def test_every_float_comes_back(value):
    """JSON has no word for three of them."""
    check(value, repr)
    check([value, {"x": value}], repr)


@pytest.mark.parametrize(
    "state",
    [
        deque([1, 2.5, "x"], maxlen=3),
        deque(),
        {1, 2, 3},
        frozenset({"a", ("b", 1)}),
        {frozenset({1}), frozenset({2})},
        b"\x00\xff",
        bytearray(b"x"),
        {(1, "a"): {None: deque([(1,)])}},
        {True: 1, 2.5: 2, b"k": 3},
        Window(deque([1.0], maxlen=5), math.inf),
        Frozen("x", Window(deque())),
        {"window": Window(deque([Frozen("y")]))},
    ],
    ids=lambda state: type(state).__name__,
)
def test_collections_and_dataclasses_come_back(state):
    """With their type, their maxlen and what is inside."""
    check(state, lambda value: value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.array([], dtype="int32"),
        np.array(5),
        np.array(["a", "bcd"]),
        np.array([b"a"]),
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["2026-01-01", "NaT"], dtype="datetime64[ns]"),
        np.arange(6).reshape(2, 3).T,
        np.arange(4, dtype=">i2"),
        np.zeros((0, 3)),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_numpy_arrays_come_back(array):
    """Type, shape and order; writable, as the Handler's own was."""
    back = there_and_back(array)

    assert back.dtype == array.dtype
    assert back.shape == array.shape
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable


@pytest.mark.parametrize(
    "scalar",
    [np.float64(1.5), np.float32("nan"), np.int64(-3), np.bool_(True), np.str_("x")],
    ids=repr,
)
def test_numpy_scalars_come_back(scalar):
    """They creep into states of those who use NumPy."""
    check(scalar, repr)
    check([scalar], repr)


def test_the_empty_text_of_numpy_comes_back():
    """NumPy cannot read an array of it, so it is kept as plain text."""
    assert there_and_back([np.str_(""), np.bytes_(b"")]) == ["", b""]


def cyclic():
    state = []
    state.append(state)
    return state


@pytest.mark.parametrize(
    ("state", "place"),
    [
        (object(), "state is a object"),
        ({"a": [1, {2}, Exploding()]}, r"state\['a'\]\[2\] is a Exploding"),
        ({(1, 2): lambda: 0}, r"state\[\(1, 2\)\] is a function"),
        ({Exploding(): 1}, "a key of state is a Exploding"),
        (deque([Point({})]), r"state\[0\] is a Point"),
        (Window(iter([])), "state.values is a list_iterator"),
        (Window, "state is a type"),
        (np.array([object()]), "NumPy array of object"),
        (np.zeros(2, dtype="f8,i4"), "NumPy array of"),
        (OrderedDict(), "state is a OrderedDict"),
        (Counter(), "state is a Counter"),
        (Duration(1), "state is a Duration"),
        (namedtuple("Pair", "a")(1), "state is a Pair"),
        (cyclic(), "recursion"),
        (10**5000, "digits"),
        ({10**5000}, "digits"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_kept_is_named_with_its_place(state, place):
    """Group and place, so that the one attribute is found."""
    with pytest.raises(SnapshotError, match=place):
        pack({"host=a": state}, HEADER)


def test_the_group_is_named():
    """One of hundreds."""
    with pytest.raises(SnapshotError, match="group 'host=b': state is a object"):
        pack({"host=a": 1, "host=b": object()}, HEADER)


def test_equal_states_give_equal_bytes():
    """The order of a set differs from process to process; that of its bytes does not."""
    first, second = {f"name{i}" for i in range(50)}, {f"name{i}" for i in reversed(range(50))}

    assert pack({"g": first}, HEADER) == pack({"g": second}, HEADER)


def test_a_snapshot_can_be_read_by_people():
    """JSON, in the letters that people wrote."""
    packed = pack({"host=ä": {"n": 1, "window": deque([1.5], 2)}}, HEADER)

    assert packed.decode() == (
        '{"kapnb":1,"header":{"handler":"H"},"groups":{"host=ä":'
        '{"n":1,"window":{"!":"deque","v":[1.5],"maxlen":2}}}}'
    )


@pytest.mark.parametrize("group", ["", "cpu\nhost=a", "host=\x00", '"', "host=ä,dc="])
def test_any_group_id_is_a_key(group):
    """They are opaque."""
    assert unpack(pack({group: 1}, HEADER), HEADER, globals().get) == {group: 1}


def document(**more):
    return {"kapnb": 1, "header": HEADER, "groups": {}, **more}


def damaged(value):
    return json.dumps(document(groups={"g": value})).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b"null",
        b"[" * 100_000,
        pickle.dumps(Exploding()),
        json.dumps(document(header=None)).encode(),
        json.dumps(document(header=[])).encode(),
        json.dumps(document(header="text")).encode(),
        json.dumps(document(groups=[])).encode(),
        json.dumps(document(kapnb=2)).encode(),
        json.dumps(document(kapnb=None)).encode(),
        damaged({"!": "unknown", "v": 1}),
        damaged({"!": []}),
        damaged({"!": "float", "v": "x"}),
        damaged({"!": "float", "v": 10**400}),
        damaged({"!": "float", "v": [1]}),
        damaged({"!": "bytes", "v": "*"}),
        damaged({"!": "bytes", "v": 5}),
        damaged({"!": "dict", "v": [[[], 1]]}),
        damaged({"!": "dict", "v": [1]}),
        damaged({"!": "set", "v": [[]]}),
        damaged({"!": "tuple", "v": None}),
        damaged({"!": "deque", "v": []}),
        damaged({"!": "deque", "v": [], "maxlen": -1}),
        damaged({"!": "deque", "v": [], "maxlen": 10**30}),
        damaged({"!": "dataclass", "class": "Nope", "v": {}}),
        damaged({"!": "dataclass", "class": "Exploding", "v": {}}),
        damaged({"!": "dataclass", "class": "Window", "v": {"values": 1}}),
        damaged({"!": "dataclass", "class": "Window", "v": []}),
        damaged({"!": "dataclass", "class": 5, "v": {}}),
        damaged({"!": "numpy", "dtype": "(2,", "shape": None, "v": ""}),
        damaged({"!": "numpy", "dtype": "O", "shape": [1], "v": "AAAAAAAAAAA="}),
        damaged({"!": "numpy", "dtype": "<f8", "shape": None, "v": ""}),
        damaged({"!": "numpy", "dtype": "<f8", "shape": [10**30], "v": "AAAAAAAAAAA="}),
        damaged({"!": "numpy", "dtype": "<f8", "shape": [7], "v": "AAAAAAAAAAA="}),
        damaged({"!": "numpy", "dtype": "<f8", "shape": [1], "v": "AAA="}),
    ],
)
def test_bytes_that_cannot_be_used_are_a_snapshot_error(data):
    """Whatever is wrong with them; no code in them is run."""
    with pytest.raises(SnapshotError):
        unpack(data, HEADER, globals().get)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["!", "v"]), inner, max_size=3)
        | st.builds(
            lambda kind, inner, more: {"!": kind, "v": inner, **more},
            st.sampled_from(
                ["float", "bytes", "dict", "deque", "tuple", "set", "dataclass", "numpy"]
            ),
            inner,
            st.fixed_dictionaries(
                {},
                optional={
                    "maxlen": inner,
                    "class": st.sampled_from(["Window", "Frozen", "Exploding", "dataclasses"]),
                    "dtype": st.sampled_from(["<f8", "O", "U0", "f8,f8", "S3", "nope", "(2,"]),
                    "shape": inner | st.lists(st.integers(-2, 3), max_size=2),
                },
            ),
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_well_formed_garbage_gives_values_or_a_snapshot_error(value):
    """JSON that was never written by pack."""
    try:
        unpack(damaged(value), HEADER, globals().get)
    except SnapshotError:
        pass


@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_a_snapshot_error(data):
    """The blob of another agent, most likely."""
    with pytest.raises(SnapshotError):
        unpack(data, HEADER, globals().get)


def test_a_dataclass_is_rebuilt_without_its_init():
    """Which may open files, or check what was right when it was kept."""
    called = []

    @dataclasses.dataclass
    class Counting:
        n: int

        def __post_init__(self):
            called.append(self.n)

    packed = pack({"g": Counting(1)}, HEADER)
    (name,) = {json.loads(packed)["groups"]["g"]["class"]}

    back = unpack(packed, HEADER, {name: Counting}.get)

    assert back == {"g": Counting(1)}
    assert called == [1, 1]  # only those above


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
