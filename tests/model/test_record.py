"""Records: values of named parts that never change."""

import copy
import dataclasses
import pickle
from collections.abc import Mapping

import pytest

from kapnb.model import (
    BATCH,
    STREAM,
    BeginBatch,
    InfoRequest,
    InfoResponse,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    OptionValue,
    Record,
    SnapshotRequest,
    ValueType,
)


class Pair(Record):
    left: int
    right: int = 0


class Triple(Pair):
    third: Mapping[str, int] = {}


@dataclasses.dataclass(frozen=True)
class DataPair:
    left: int
    right: int = 0


@pytest.mark.parametrize(
    ("values", "named"),
    [((1,), {}), ((1, 2), {}), ((), {"right": 2, "left": 1}), ((1,), {"right": 2})],
)
def test_it_is_made_and_shown_as_a_dataclass_is(values, named):
    """What was one before still reads and works alike."""
    record, data = Pair(*values, **named), DataPair(*values, **named)

    assert (record.left, record.right) == (data.left, data.right)
    assert repr(record) == repr(data).replace("DataPair", "Pair")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((), {"right": 2}),
        ((1, 2, 3), {}),
        ((1,), {"left": 1}),
        ((1,), {"middle": 1}),
    ],
)
def test_it_is_refused_as_a_dataclass_refuses(values, named):
    """Too few, too many, twice, unknown."""
    with pytest.raises(TypeError):
        DataPair(*values, **named)
    with pytest.raises(TypeError, match="Pair"):
        Pair(*values, **named)


def test_a_refusal_names_the_parts():
    """What the record takes, or what it lacks."""
    with pytest.raises(TypeError, match="Pair takes left, right, each once"):
        Pair(1, 2, 3)
    with pytest.raises(TypeError, match="Pair needs left"):
        Pair()
    with pytest.raises(TypeError, match="InfoRequest takes nothing, each once"):
        InfoRequest(1)


def test_it_never_changes():
    """By the usual ways."""
    pair = Pair(1)

    with pytest.raises(AttributeError, match=r"Pair\.left cannot be set"):
        pair.left = 2
    with pytest.raises(AttributeError, match=r"Pair\.other cannot be set"):
        pair.other = 2
    with pytest.raises(AttributeError, match=r"Pair\.left cannot be deleted"):
        del pair.left
    assert pair == Pair(1, 0)


def test_equality_is_of_type_and_parts():
    """An answer is no question, though both have nothing but a time."""
    assert Pair(1) == Pair(1, 0)
    assert Pair(1) != Pair(2)
    assert KeepaliveRequest(1) != KeepaliveResponse(1)
    assert InfoRequest() == InfoRequest()
    assert InfoRequest() != SnapshotRequest()
    assert Pair(1) != (1, 0)
    assert Triple(1) != Pair(1)


def test_equal_records_have_one_hash():
    """They can be kept in sets."""
    assert len({Pair(1), Pair(1, 0), Pair(2), InfoRequest(), InfoRequest()}) == 3


def test_a_record_of_something_mutable_has_no_hash():
    """As with a tuple."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(BeginBatch())


def test_a_mapping_by_default_is_made_anew():
    """Nobody changes it for all."""
    first = BeginBatch()
    first.tags["host"] = "a"

    assert BeginBatch().tags == {}
    assert InfoResponse().options is not InfoResponse().options


def test_parts_are_inherited():
    """Those of the base come first; a part declared again has another default."""

    class Again(Pair):
        right: int = 5

    assert Triple.parts == ("left", "right", "third")
    assert repr(Triple(1)) == "Triple(left=1, right=0, third={})"
    assert Pair.parts == ("left", "right")
    assert Again(1) == Again(1, 5)
    assert Again.parts == ("left", "right")


def test_replace_makes_another():
    """With these parts changed."""
    pair = Pair(1, 2)

    assert pair.replace(right=3) == Pair(1, 3)
    assert pair == Pair(1, 2)
    with pytest.raises(TypeError):
        pair.replace(middle=3)


def test_its_parts_can_be_matched_by_position():
    """As a dataclass's."""
    match InitResponse(False, "no model"):
        case InitResponse(True):
            pytest.fail("it was no success")
        case InitResponse(False, text):
            assert text == "no model"


@pytest.mark.parametrize(
    "record",
    [
        InfoResponse(BATCH, STREAM, {"field": (ValueType.STRING,)}),
        OptionValue(ValueType.INT, 5),
        BeginBatch("cpu", "host=a", {"host": "a"}, 3, True),
    ],
    ids=lambda record: type(record).__name__,
)
def test_it_can_be_copied_and_pickled(record):
    """Test tools and worker processes do."""
    assert copy.copy(record) == record
    assert copy.deepcopy(record) == record
    assert pickle.loads(pickle.dumps(record)) == record


def test_the_repr_can_be_read():
    """It is what a failing test shows, and what check_declared quotes."""
    info = InfoResponse(BATCH, STREAM, {"field": (ValueType.STRING,)})

    assert repr(info) == (
        "InfoResponse(wants=BATCH, provides=STREAM, options={'field': (STRING,)})"
    )
