"""Reading a snapshot that nobody wrote: a value or a SnapshotError, no code run, bounded memory."""

import contextlib
import dataclasses
import enum
import json
import pickle
import sys
import tracemalloc
import zlib
from collections import deque, namedtuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kapnb.errors import SnapshotError
from kapnb.handler import Handler
from kapnb.handler._kinds import KINDS
from kapnb.handler._namespace import Namespace
from kapnb.handler._snapshot import pack, unpack

HEADER = {"handler": "H"}
TRAPS = []


class Exploding:
    """Runs code when it is unpickled, called, asked for an attribute or shown."""

    def __reduce__(self):
        return (TRAPS.append, ("unpickled",))

    def __call__(self, *arguments):
        TRAPS.append("called")

    def __getattr__(self, name):
        TRAPS.append(name)
        raise AttributeError(name)

    @property
    def __class__(self):
        TRAPS.append("__class__")
        return type


@dataclasses.dataclass
class Window:
    values: deque
    total: float = 0.0

    def __new__(cls, *arguments):
        TRAPS.append("new")
        return object.__new__(cls)

    def __init__(self, values):
        TRAPS.append("init")

    def __post_init__(self):
        TRAPS.append("post_init")

    def __setattr__(self, name, value):
        TRAPS.append("setattr")

    @property
    def shown(self):
        TRAPS.append("property")

    @shown.setter
    def shown(self, value):
        TRAPS.append("setter")


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str


class Pair(namedtuple("Pair", "a b", defaults=[0])):
    def __new__(cls, *arguments):
        TRAPS.append("new")
        return super().__new__(cls, *arguments)


class Color(enum.Enum):
    RED = 1

    @classmethod
    def _missing_(cls, value):
        TRAPS.append("missing")


class Meta(type):
    def __getattribute__(cls, name):
        TRAPS.append(name)
        return super().__getattribute__(name)


class Metaclassed(metaclass=Meta):
    class Inner:
        pass


trap = Exploding()


def __getattr__(name):
    TRAPS.append(name)
    raise AttributeError(name)


class Keeping(Handler):
    pass


HERE = Namespace(Keeping)


def read(data, *, tolerant=False):
    """Read bytes; nothing but a SnapshotError may come of it, and no trap may spring."""
    TRAPS.clear()
    try:
        return unpack(data, HEADER, HERE, tolerant=tolerant)
    except SnapshotError as error:
        assert len(str(error)) < 700
        return error
    finally:
        assert TRAPS == []


def document(**more):
    return json.dumps({"kapnb": 2, "header": HEADER, "groups": {}, **more}).encode()


def state(value, **more):
    return document(groups={"g": value}, **more)


def dataclass(name, /, **values):
    return {"!": "dataclass", "class": name, "v": values}


def numpy(dtype, shape, data=""):
    return {"!": "numpy", "dtype": dtype, "shape": shape, "v": data}


EIGHT = "AAAAAAAAAAA="
DAMAGED = [
    b"",
    b"\xff\xfe\x00",
    b"[]",
    b"{}",
    b"null",
    b"[" * 100_000,
    b'{"kapnb":2,"header":{"handler":"H"},"groups":' + b'{"g":' * 5000,
    pickle.dumps(Exploding()),
    zlib.compress(b"{}"),
    zlib.compress(document())[:-3],
    zlib.compress(document()) + b"x",
    b"\x78\x01garbage",
    *(document(header=header) for header in (None, [], "text", 5, [["handler"]])),
    *(document(groups=groups) for groups in (None, [], "", 5, [["g", 1]])),
    *(document(kapnb=version) for version in (3, 0, -1, None, "2", [], {}, 1e400)),
    *(document(classes=classes) for classes in ([], None, {"A": 1}, {"A": [1]}, {"A": "b"})),
    *(document(expiry=expiry) for expiry in ([], 5, {}, {"now": 1}, {"now": 1, "ages": [1]})),
    state(1, expiry={"now": 1, "ages": [-1]}),
    state(1, expiry={"now": 1.5, "ages": [1]}),
    state(1, expiry={"now": 1, "ages": ["1"]}),
    document(groups={"a": 1, "b": 1}, expiry={"now": 9, "ages": [1, 2]}),
    *(
        state(value)
        for value in (
            {"!": "unknown", "v": 1},
            {"!": []},
            {"!": None},
            {"!": {}},
            *({"!": name} for name, *_ in KINDS),
            *(
                {"!": name, "v": {"x": 1}, "type": "d", "maxlen": None}
                for name, *_ in KINDS
                if name not in ("set", "frozenset", "tuple")
            ),
            *({"!": name, "v": None} for name, *_ in KINDS),
            *({"!": name, "v": True} for name, *_ in KINDS),
            {"!": "float", "v": "1.5"},
            {"!": "float", "v": 10**400},
            {"!": "float", "v": [1]},
            {"!": "int", "v": "x"},
            {"!": "int", "v": 5},
            {"!": "bytes", "v": "*"},
            {"!": "bytes", "v": "A"},
            {"!": "dict", "v": [[[], 1]]},
            {"!": "dict", "v": [1]},
            {"!": "dict", "v": [[1, 2, 3]]},
            {"!": "set", "v": [[]]},
            {"!": "Counter", "v": [[{"!": "set", "v": []}, 1]]},
            {"!": "defaultdict", "factory": "object", "v": []},
            {"!": "defaultdict", "factory": "eval", "v": []},
            {"!": "defaultdict", "factory": [], "v": []},
            {"!": "deque", "v": []},
            {"!": "deque", "v": [], "maxlen": -1},
            {"!": "deque", "v": [], "maxlen": 10**30},
            {"!": "complex", "v": [1]},
            {"!": "complex", "v": ["x", 1]},
            {"!": "range", "v": [1, 2, 0]},
            {"!": "range", "v": [1, 2]},
            {"!": "range", "v": [1, 2.5, 1]},
            {"!": "timedelta", "v": [10**12, 0, 0]},
            {"!": "datetime", "v": "yesterday"},
            {"!": "datetime", "v": "2026-01-01", "fold": 5},
            {"!": "datetime", "v": "2026-01-01", "zone": "X"},
            {"!": "date", "v": "2026-13-01"},
            {"!": "Decimal", "v": "x"},
            {"!": "Decimal", "v": 1.5},
            {"!": "array", "type": "d", "v": ["x"]},
            {"!": "array", "type": "u", "v": ["x"]},
            {"!": "array", "type": "b", "v": [1000]},
            {"!": "array", "type": "nope", "v": []},
            {"!": "Duration", "v": 1.5},
            {"!": "Point", "v": {}},
            {"!": "Point", "v": {"fields": [["a", 1]]}},
            {"!": "Point", "v": {"fields": {"a": None}}},
            {"!": "Point", "v": {"fields": {"a": 2**63}}},
            {"!": "Point", "v": {"fields": {}, "nope": 1}},
            {"!": "Point", "v": {"fields": {}, "_group": "x"}},
            {"!": "Point", "v": {"fields": {}, "time": 2**63}},
            {"!": "Point", "v": {"fields": {}, "by_name": 1}},
            {"!": "Point", "v": {"fields": {}, "dimensions": "ab"}},
            {"!": "Point", "v": {"fields": {}, "dimensions": [1]}},
            {"!": "Point", "v": {"fields": {}, "tags": {"a": 1}}},
            {"!": "Point", "v": {"fields": {}, "group": 1}},
            {"!": "Point", "wire": True, "v": {"fields": {}}},
            {"!": "Point", "wire": True, "v": {"fields": {"\ud800": 1}, "time": 1}},
            {"!": "Batch", "v": {"points": [1]}},
            {"!": "Batch", "v": {"points": [], "tmax": "x"}},
            {"!": "Group", "v": {"id": 1}},
            {"!": "BeginBatch", "v": {"tags": {"a": 1}}},
            {"!": "EndBatch", "v": {"nope": 1, "tags": {}}},
            dataclass("Nope"),
            dataclass("Exploding"),
            dataclass("trap"),
            dataclass("os.path"),
            dataclass("dataclasses.Field", name=1),
            dataclass("Metaclassed.Inner"),
            dataclass("__class__"),
            dataclass("Handler.handler_shape"),
            dataclass("Window", values=1),
            dataclass("Frozen", nope=1),
            dataclass(5),
            dataclass([]),
            {"!": "dataclass", "class": "Window", "v": []},
            {"!": "namedtuple", "class": "Pair", "v": {"a": 1, "c": 1}},
            {"!": "namedtuple", "class": "Pair", "v": [1, 2]},
            {"!": "namedtuple", "class": "Window", "v": {}},
            {"!": "enum", "class": "Color", "v": "GREEN"},
            {"!": "enum", "class": "Color", "v": 1},
            {"!": "enum", "class": "Color", "v": "_missing_"},
            {"!": "enum", "class": "Window", "v": "RED"},
            numpy("(2,", None),
            numpy("O", [1], EIGHT),
            numpy("|O8", [1], EIGHT),
            numpy("f8,f8", [1], EIGHT),
            numpy("V8", [1], EIGHT),
            numpy("<f8", None, ""),
            numpy("<f8", [10**30], EIGHT),
            numpy("<f8", [7], EIGHT),
            numpy("<f8", [-1], EIGHT),
            numpy("<f8", [-1, -1], EIGHT),
            numpy("<f8", ["1"], EIGHT),
            numpy("<f8", [True], EIGHT),
            numpy("<f8", [1] * 100, EIGHT),
            numpy("<f8", [0, 10**30], ""),
            numpy("<f8", 1, EIGHT),
            numpy("<f8", [1], "AAA="),
            numpy("<f8", [1], 5),
            numpy("<U0", [10**9], ""),
            numpy("<f3", [1], "AAAA"),
            numpy("<M8[99999999999s]", [1], EIGHT),
            numpy(5, [1], EIGHT),
            {"!": "numpy.str", "v": 10**12},
            {"!": "numpy.str", "v": []},
            {"!": "tuple", "v": None},
            {"!": "tuple", "v": "text"},
        )
    ),
]


@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: repr(data[:70]))
def test_bytes_that_cannot_be_used_are_a_snapshot_error(data):
    """Whatever is wrong with them; no code in them is run."""
    assert isinstance(read(data), SnapshotError)


@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: repr(data[:70]))
def test_a_tolerant_reader_raises_nothing_else(data):
    """It may make something of them: some groups, or none."""
    kept = read(data, tolerant=True)

    assert isinstance(kept, SnapshotError) or kept.notes or not kept.groups


NAMES = ["Window", "Frozen", "Exploding", "Pair", "Color", "trap", "dataclasses.Field", "Nope"]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
KEYS = ["!", "v", "a", "b", "values", "total", "fields", "points", "time", "tags", "name", "RED"]


def marked(inner):
    """Make objects that look like a kind, with whatever inside."""
    kinds = st.sampled_from([name for name, *_ in KINDS])
    more = st.fixed_dictionaries(
        {},
        optional={
            "maxlen": inner,
            "class": st.sampled_from(NAMES),
            "factory": st.sampled_from(["list", "int", "eval", None]),
            "type": st.sampled_from(["d", "b", "u", "q", "zz"]),
            "wire": st.booleans(),
            "fold": st.integers(0, 2),
            "zone": st.text(max_size=3),
            "dtype": st.sampled_from(["<f8", "O", "<U0", "<U9", "f8,f8", "|S3", "nope", "(2,"]),
            "shape": inner | st.lists(st.integers(-2, 3), max_size=2),
        },
    )
    texts = st.sampled_from(["nan", "0x1F", "2026-01-01", "1.5", EIGHT, "RED"])
    return st.builds(
        lambda kind, value, more: {"!": kind, "v": value, **more}, kinds, inner | texts, more
    )


JSON = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(KEYS), inner, max_size=3)
        | marked(inner)
    ),
    max_leaves=10,
)
CLASSES = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(["values", "total", "name", "x"])) | PLAIN
)


@given(JSON, st.just({}) | CLASSES, st.booleans())
@example(dataclass("Window", values=1, total=1, shown=1), {"Window": ["values", "total"]}, False)
def test_well_formed_garbage_gives_values_or_a_snapshot_error(value, classes, tolerant):
    """JSON that was never written by pack; no user code runs, be it a setter or a metaclass."""
    read(state(value, classes=classes), tolerant=tolerant)


@given(JSON, JSON, st.booleans())
def test_any_document_gives_values_or_a_snapshot_error(document, expiry, tolerant):
    """Also in the place of the document itself."""
    read(json.dumps(document).encode(), tolerant=tolerant)
    whole = {"kapnb": 2, "header": HEADER, "groups": {"g": 1}, "expiry": expiry}
    read(json.dumps(whole).encode(), tolerant=tolerant)


@given(st.binary(max_size=40), st.booleans())
def test_arbitrary_bytes_are_a_snapshot_error(data, tolerant):
    """The blob of another agent, most likely."""
    assert isinstance(read(data, tolerant=tolerant), SnapshotError)
    assert isinstance(read(zlib.compress(data), tolerant=tolerant), SnapshotError)


SOUND = pack(
    {f"g{i}": [deque([1.5] * i, 9), Color.RED, {1: (b"x",)}] for i in range(9)}, HEADER, HERE
)


@given(st.data(), st.booleans())
def test_a_snapshot_with_a_few_wrong_bytes_gives_values_or_a_snapshot_error(data, tolerant):
    """A sound one, with some bytes changed."""
    damaged = bytearray(SOUND)
    for at in data.draw(st.lists(st.integers(0, len(SOUND) - 1), min_size=1, max_size=3)):
        damaged[at] = data.draw(st.integers(0, 255))

    read(bytes(damaged), tolerant=tolerant)


BOMBS = {
    "zlib": zlib.compress(b"[" + b"0," * 5_000_000 + b"0]", 9),
    "numpy zeros": state(numpy("<f8", [10**10])),
    "numpy nothing": state(numpy("<U0", [10**10])),
    "numpy text": state(numpy("<U999999999", [0, 10**9])),
    "numpy.str": state({"!": "numpy.str", "v": 10**10}),
    "bytes": state({"!": "bytes", "v": 10**10}),
    "bytearray": state({"!": "bytearray", "v": 10**10}),
    "range": state({"!": "set", "v": {"!": "range", "v": [0, 10**10, 1]}}),
    "tuple of a range": state({"!": "tuple", "v": {"!": "range", "v": [0, 10**10, 1]}}),
    "deque": state({"!": "deque", "v": [], "maxlen": 2**62}),
    "array": state({"!": "array", "type": "d", "v": 10**10}),
    "Decimal": state({"!": "Decimal", "v": "1E+999999999"}),
    "int": state({"!": "int", "v": "0x" + "F" * 10_000}),
    "number": state(0).replace(b": 0}", b": " + b"9" * 10_000 + b"}"),
    "exponent": state(0).replace(b": 0}", b": 1e999999999}"),
    "nesting": state(0).replace(b": 0}", b": " + b"[" * 9_000 + b"]" * 9_000 + b"}"),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_a_small_snapshot_takes_little_memory(data):
    """What it claims to hold is not believed: less than 100 bytes for each of its own."""
    tracemalloc.start()
    try:
        read(data, tolerant=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 100 * len(data) + 2_000_000


def test_numpy_values_without_numpy_are_told(monkeypatch):
    """The snapshot came from a machine that has it."""
    packed = pack({"g": np.zeros(2)}, HEADER, HERE)
    for name in [name for name in sys.modules if name.partition(".")[0] == "numpy"]:
        monkeypatch.setitem(sys.modules, name, None)
    import kapnb.handler

    monkeypatch.delitem(sys.modules, "kapnb.handler._arrays")
    with contextlib.suppress(AttributeError):
        monkeypatch.delattr(kapnb.handler, "_arrays")

    problem = read(packed)

    assert str(problem) == ("group 'g': it holds NumPy values, and NumPy cannot be imported here")
