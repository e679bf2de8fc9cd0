"""What may be frozen, and how it is written."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb import ExportError, freeze
from kapnb._freeze import LITERAL_LIMIT, literal

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
PLAIN = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.lists(inner, max_size=8).map(tuple)
        | st.dictionaries(st.text(max_size=30), inner, max_size=8)
        | st.sets(st.integers() | st.text(max_size=5), min_size=1, max_size=8)
    ),
    max_leaves=20,
)


@given(PLAIN, st.integers(0, 80))
def test_a_literal_is_the_value_again(value, used):
    """Whatever is plain is written so that Python reads the same."""
    assert ast.literal_eval(literal(freeze(value), used=used)) == value


@pytest.mark.parametrize(
    "value",
    [math.inf, -math.inf, 1 - 2j, set(), frozenset(), frozenset({1}), {"a": (math.inf,)}, [set()]],
)
def test_what_has_no_literal_is_written_as_a_call(value):
    """Infinities, empty sets and frozen sets."""
    assert eval(literal(freeze(value))) == value


def test_nan_is_written_as_a_call():
    """It equals nothing, so it has a test of its own."""
    assert math.isnan(eval(literal(math.nan)))


@given(st.sets(st.text(max_size=5), max_size=20))
def test_a_set_is_written_in_one_order(words):
    """The hash seed must not enter the script."""
    reversed_ = set()
    for word in sorted(words, reverse=True):
        reversed_.add(word)
    assert literal(words) == literal(reversed_)


def test_no_line_is_longer_than_need_be():
    """Nested values are laid out over lines as soon as one is too long."""
    value = {f"sensor {n}": {"low": n / 7, "high": [n / 3] * 5} for n in range(20)}
    assert max(map(len, literal(value).split("\n"))) <= 88


def test_a_copy_is_frozen():
    """What happens to the original later does not matter."""
    original = {"a": [1]}
    frozen = freeze(original)
    original["a"].append(2)
    assert frozen == {"a": [1]}


@pytest.mark.parametrize(
    "value", [object(), [object()], {"a": print}, range(3), b"x" * LITERAL_LIMIT]
)
def test_what_is_not_small_and_plain_is_refused(value):
    """The message offers a file instead."""
    with pytest.raises(ExportError, match=r"freeze takes .*artifact\(\)"):
        freeze(value)


def test_numpy_becomes_plain():
    """To any depth, and records of objects do not pass."""
    np = pytest.importorskip("numpy")
    frozen = freeze({"a": np.arange(4).reshape(2, 2), "b": np.float64(1.5), "c": np.bool_(True)})
    assert frozen == {"a": [[0, 1], [2, 3]], "b": 1.5, "c": True}
    assert type(frozen["b"]) is float
    with pytest.raises(ExportError):
        freeze(np.array([object()]))
