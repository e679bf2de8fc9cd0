"""Fields and Tags: the mappings a point carries."""

import math
import pickle
import traceback
from collections import OrderedDict
from enum import IntEnum

import numpy as np
import pytest
from hypothesis import given

from kapnb.model import INT_MAX, INT_MIN, Duration, Fields, Tags, check_field
from kapnb.model._values import check_int64
from strategies import field_values, names


class Level(IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (1.5, 1.5),
        (7, 7),
        ("text", "text"),
        (True, True),
        (INT_MAX, INT_MAX),
        (INT_MIN, INT_MIN),
        (math.inf, math.inf),
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int8(7), 7),
        (np.uint64(INT_MAX), INT_MAX),
        (np.bool_(True), True),
        (np.str_("text"), "text"),
        (np.array(1.5), 1.5),
        (Level.HIGH, 3),
        (Duration.parse("1s"), 1_000_000_000),
        (Text("text"), "text"),
    ],
    ids=lambda value: f"{type(value).__name__} {value}",
)
def test_a_field_is_kept_as_a_plain_python_value(given, kept):
    """Subclasses and NumPy scalars are turned into what they hold."""
    value = check_field("x", given)

    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize(
    "value",
    [None, b"bytes", [1], np.array([1.0]), 1j, np.longdouble(1), object()],
    ids=lambda value: type(value).__name__,
)
def test_other_types_are_refused_by_name(value):
    """The message says which field and which type."""
    with pytest.raises(TypeError, match=f"field 'x' .*not {type(value).__name__}"):
        check_field("x", value)


@pytest.mark.parametrize(
    "value",
    [
        np.complex128(1),
        np.datetime64(5, "ns"),
        np.datetime64("2024-01-01"),
        np.timedelta64(5, "ns"),
        np.timedelta64(5, "s"),
        np.bytes_(b"x"),
        np.void(b"x"),
        np.array(1.5, dtype=object),
        np.array(5, dtype="datetime64[ns]"),
    ],
    ids=repr,
)
def test_a_numpy_value_of_another_kind_is_refused(value):
    """A time in nanoseconds would pass for an int, and one in seconds for none."""
    with pytest.raises(TypeError, match=f"field 'x' .*not {type(value).__name__}$"):
        check_field("x", value)


class Tensor:
    """A scalar of a library whose dtype is not NumPy's, such as torch."""

    shape = ()
    dtype = object()

    def item(self):
        return 1.5


def test_a_scalar_of_another_library_is_refused_by_name():
    """Not by the attribute that its dtype lacks."""
    with pytest.raises(TypeError, match=r"field 'x' .*not Tensor$"):
        check_field("x", Tensor())


def test_none_comes_with_a_remedy():
    """The usual mistake of a pandas user."""
    with pytest.raises(TypeError, match="leave an absent field out"):
        Fields({"x": None})


@pytest.mark.parametrize("value", [INT_MAX + 1, INT_MIN - 1, np.uint64(2**64 - 1)], ids=str)
def test_ints_beyond_64_bits_are_refused(value):
    """They would be refused on the wire; here the field can still be named."""
    with pytest.raises(ValueError, match=r"field 'x' is -?\d+, which does not fit"):
        Fields({"x": value})


def test_nan_is_a_value():
    """Kapacitor takes it; whether a node can use it is another matter."""
    assert math.isnan(Fields({"x": math.nan})["x"])


@pytest.mark.parametrize("value", [True, 1.0, "1", None], ids=repr)
def test_a_time_is_an_int_and_no_bool(value):
    """A float has not enough digits for nanoseconds."""
    with pytest.raises(TypeError, match="a time must be an int, not"):
        check_int64(value, "a time")


def test_a_numpy_int_is_a_time():
    """What comes out of an array of times."""
    assert type(check_int64(np.int64(5), "a time")) is int


@given(names, field_values, field_values)
def test_setting_replaces_value_and_type(name, first, second):
    """A name has one value; on the wire it has one type."""
    fields = Fields({name: first})

    fields[name] = second

    assert repr(dict(fields)) == repr({name: second})


def test_a_missing_field_raises_and_says_what_is_there():
    """The text is a sentence, not the repr of one."""
    with pytest.raises(KeyError) as raised:
        Fields({"a": 1, "b": 2})["c"]

    assert str(raised.value) == "no field 'c' in this point (it has: a, b)"


def test_a_missing_tag_raises_and_says_that_there_are_none():
    """The same for tags."""
    with pytest.raises(KeyError) as raised:
        Tags()["host"]

    assert str(raised.value) == "no tag 'host' in this point (it has: none at all)"


def test_deleting_what_is_missing_raises_like_reading_it():
    """No second text for the same mistake."""
    fields = Fields({"a": 1})

    with pytest.raises(KeyError, match="no field 'b'"):
        del fields["b"]
    del fields["a"]
    assert not fields


@pytest.mark.parametrize("mapping", [Fields, Tags])
def test_names_are_text(mapping):
    """An int as a name is a column of an array, most likely."""
    with pytest.raises(TypeError, match="names are str, not int 0"):
        mapping({0: "x"})


def test_tag_values_are_text():
    """Kapacitor has no other tags."""
    with pytest.raises(TypeError, match="tag 'host' must be a str, not int 5"):
        Tags({"host": 5})


def test_a_mapping_equals_a_dict():
    """In any order, as dicts do."""
    assert Fields({"a": 1, "b": 2}) == {"b": 2, "a": 1}
    assert Fields({"a": 1}) == Fields(OrderedDict(a=1))
    assert Fields({"a": 1}) != {"a": 2}
    assert repr(Fields({"a": 1})) == "{'a': 1}"


def test_a_mapping_cannot_be_hashed():
    """It can change."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Fields())


def test_building_is_not_changing():
    """Only what is set afterwards makes a mapping differ from what it was built from."""
    fields = Fields({"a": 1})
    assert not fields.changed

    fields["a"] = 1

    assert fields.changed


def test_a_failed_write_changes_nothing():
    """A refused value leaves the point as the bytes it was."""
    fields = Fields({"a": 1})

    with pytest.raises(TypeError):
        fields["b"] = None
    with pytest.raises(TypeError):
        fields[5] = 1
    with pytest.raises(KeyError):
        del fields["nope"]

    assert fields == {"a": 1}
    assert not fields.changed


def test_what_is_no_text_is_no_name():
    """Asking for it is no error."""
    assert 5 not in Fields({"a": 1})
    assert Fields({"a": 1}).get(5) is None


def test_a_missing_field_among_many_names_those_like_it():
    """Thirty sensors are no help, the one that was meant is."""
    names = {f"sensor_{number}": 1.0 for number in range(30)}
    with pytest.raises(KeyError) as raised:
        Fields(names)["sensr_17"]

    text = str(raised.value)
    assert text.startswith("no field 'sensr_17' in this point (it has: sensor_17, ")
    assert text.endswith(" and 20 more)")


def test_what_a_missing_field_raises_is_called_a_key_error_everywhere():
    """In a traceback, and after it went to another process."""
    with pytest.raises(KeyError) as raised:
        Fields({"a": 1})["b"]

    assert traceback.format_exception_only(raised.value) == [
        "KeyError: no field 'b' in this point (it has: a)\n"
    ]
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
