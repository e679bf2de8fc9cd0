"""What differs between two values: paths that Python would take, few words for what moved on."""

from __future__ import annotations

import itertools
import random
from collections import Counter, deque
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb import Point
from kapnb.timemachine import ABSENT, Change, _changes
from kapnb.timemachine._changes import changes
from kapnb.timemachine._shown import shown


@dataclass
class Pair:
    one: int
    other: list


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


def told(before, after):
    return [str(change) for change in changes("s", before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1, 2, ["s: 1 → 2"]),
        (1, 1.0, ["s: 1 → 1.0"]),
        (True, 1, ["s: True → 1"]),
        (float("nan"), float("nan"), []),
        (0.0, -0.0, ["s: 0.0 → -0.0"]),
        (ABSENT, None, ["s: — → None"]),
        (ABSENT, {}, ["s: — → {}"]),
        (ABSENT, {"a": 1, "b": 2}, ["s['a']: — → 1", "s['b']: — → 2"]),
        ({"a": 1, "b": {"c": 2}}, {"b": {"c": 3}}, ["s['a']: 1 → —", "s['b']['c']: 2 → 3"]),
        ({1: "x"}, {1: "x", "1": "y"}, ["s['1']: — → 'y'"]),
        ([1, 2], [1, 2, 3], ["s[-1]: — → 3"]),
        ([1, 2, 3], [2, 3], ["s[0]: 1 → —"]),
        ([1, 2, 3], [3, 4, 5], ["s[0]: 1 → —", "s[1]: 2 → —", "s[-2]: — → 4", "s[-1]: — → 5"]),
        ([1, 2, 3], [1, 9, 3], ["s[1]: 2 → 9"]),
        ([1, 2], [], ["s[0]: 1 → —", "s[1]: 2 → —"]),
        ([], [7], ["s[-1]: — → 7"]),
        ([[1], [2]], [[1], [2, 3]], ["s[1][-1]: — → 3"]),
        ((1, 2), (1, 3), ["s[1]: 2 → 3"]),
        (deque([1, 2], maxlen=2), deque([2, 3], maxlen=2), ["s[0]: 1 → —", "s[-1]: — → 3"]),
        (deque([5, 5], maxlen=2), deque([5, 5], maxlen=2), []),
        ({1, 2}, {2, 3}, ["s[1]: 1 → —", "s[3]: — → 3"]),
        (Counter("ab"), Counter("abb"), ["s['b']: 1 → 2"]),
        (Pair(1, [1]), Pair(2, [1, 2]), ["s.one: 1 → 2", "s.other[-1]: — → 2"]),
        (Slotted(1), Slotted(2), ["s.value: 1 → 2"]),
        (np.arange(3), np.arange(3), []),
        (
            np.zeros(9),
            np.ones(9),
            ["s: array(9 x float64: 0 … 0, mean 0) → array(9 x float64: 1 … 1, mean 1)"],
        ),
        (np.arange(9), np.array([0, 1, 9, 3, 4, 5, 6, 7, 0]), ["s[2]: 2 → 9", "s[8]: 8 → 0"]),
        (np.zeros((2, 3)), np.array([[0.0, 0, 0], [0, 0, 1.5]]), ["s[1, 2]: 0.0 → 1.5"]),
        (np.array([np.nan, 1.0]), np.array([np.nan, 2.0]), ["s[1]: 1.0 → 2.0"]),
        (np.array([np.nan, 1.0]), np.array([0.0, 1.0]), ["s[0]: nan → 0.0"]),
        (np.array([0.0]), np.array([-0.0]), ["s: array(1 x float64: 0) → array(1 x float64: -0)"]),
        (np.array(["a", "b"]), np.array(["a", "c"]), ["s[1]: 'b' → 'c'"]),
        (
            np.array(["2026-01-01"], "M8[ns]"),
            np.array(["2026-01-02"], "M8[ns]"),
            [
                f"s[0]: {np.datetime64('2026-01-01', 'ns')!r} → {np.datetime64('2026-01-02', 'ns')!r}"
            ],
        ),
        (np.array([1, "a" * 9, None], object), np.array([1, "a" * 9, None], object), []),
        (np.array([1, [2]], object), np.array([1, [2, 3]], object), ["s[1][-1]: — → 3"]),
        (
            np.array([(1, 2.0)], "i4,f8"),
            np.array([(1, 3.0)], "i4,f8"),
            ["s[0]: (1, 2.0) → (1, 3.0)"],
        ),
        (np.array(1.0), np.array(2.0), ["s: array(1 x float64: 1) → array(1 x float64: 2)"]),
        (np.zeros(2), np.zeros(3), ["s: array(2 x float64: 0, 0) → array(3 x float64: 0, 0, 0)"]),
        (np.zeros(1), np.zeros(1, "i4"), ["s: array(1 x float64: 0) → array(1 x int32: 0)"]),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), []),
        (
            pd.DataFrame({"a": [1, 5], "b": ["x", "y"]}),
            pd.DataFrame({"a": [1, 5, 9], "b": ["x", "y", "z"]}),
            ["s: DataFrame(2 rows: a 1 … 5, b … 'y') → DataFrame(3 rows: a 1 … 9, b … 'z')"],
        ),
        (
            pd.Series([1.0, 2.0]),
            pd.Series([1.0, 2.5]),
            ["s: Series(2 x float64: 1 … 2) → Series(2 x float64: 1 … 2.5)"],
        ),
        (None, 3, ["s: None → 3"]),
    ],
    ids=itertools.count(),  # not repr: processes of the suite must agree
)
def test_each_kind_is_told_in_its_own_way(before, after, expected):
    """Types count, and a NaN equals itself."""
    assert told(before, after) == expected


def test_points_are_told_as_wholes():
    """By what they show."""
    one, other = Point({"x": 1.0}, time=0, name="m"), Point({"x": 2.0}, time=0, name="m")
    (change,) = changes("s", [one], [other])
    assert change == Change("s[0]", one, other)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (pd.DataFrame(), "DataFrame(0 rows: )"),
        (pd.DataFrame({"a": []}), "DataFrame(0 rows: a empty)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "DataFrame(1 rows: a …, a …)"),
        (
            pd.DataFrame({number: [number] for number in range(9)}),
            "DataFrame(1 rows: 0 0 … 0, 1 1 … 1, 2 2 … 2, 3 3 … 3, …)",
        ),
        (pd.Series(dtype=float), "Series(0 x float64: empty)"),
    ],
)
def test_tables_are_told_by_rows_and_spans(value, text):
    """On one line, however large; as they are, empty or with a name twice."""
    assert shown(value) == text


def test_what_refers_to_itself_is_told_once():
    """Through whatever it does."""

    def cycle(number):
        inner, outer = {"n": number}, Pair(1, [])
        inner["outer"], inner["self"] = outer, inner
        outer.other.append(inner)
        return inner

    assert told(cycle(1), cycle(1)) == []
    assert told(cycle(1), cycle(2)) == ["s['n']: 1 → 2"]


@pytest.mark.parametrize("make", [random.Random, np.random.default_rng, np.random.RandomState])
def test_a_generator_of_random_numbers_has_changed_when_it_was_drawn_from(make):
    """Though no attribute of it has; two that stand at the same place are equal."""
    assert told([make(1)], [make(1)]) == []
    drawn = make(1)
    drawn.random()
    assert [change.path for change in changes("s", {"r": make(1)}, {"r": drawn})] == ["s['r']"]


def test_objects_that_tell_nothing_of_themselves_are_compared_by_what_they_show():
    """They cannot be pickled, and have no attributes."""

    class Shown:
        __slots__ = ("_of",)

        def __reduce__(self):
            raise TypeError

    class Named(Shown):
        __slots__ = ()

        def __repr__(self):
            return "named"

    assert told([Named()], [Named()]) == []
    assert len(told([Shown()], [Shown()])) == 1


def test_many_changes_end_in_one_that_says_so():
    """A state that is all new tells the first two hundred."""
    found = changes("s", dict.fromkeys(range(500), 0), dict.fromkeys(range(500), 1))
    assert (len(found), found[-1].path) == (201, "and more")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=2), inner, max_size=4)
        | st.builds(lambda items: deque(items, maxlen=4), st.lists(inner, max_size=4))
    ),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_nothing_is_told_exactly_where_nothing_differs(before, after):
    """Values that show the same are the same; all others have a change."""
    assert bool(changes("s", before, after)) == (repr(before) != repr(after))


def test_text_is_short_on_one_line_and_without_addresses():
    """However large a value is, whatever its repr does."""

    class Rude:
        def __repr__(self):
            raise ValueError("no")

    assert shown(Rude()) == "<Rude, whose repr failed: ValueError>"
    assert shown("a\nb" * 100).count("\n") == 0
    assert len(shown({n: [n] * 50 for n in range(10**4)})) <= 120
    assert "0x" not in shown([object(), lambda: 0])
    assert shown(0.1 + 0.2) == "0.30000000000000004"
    assert shown([0.1 + 0.2]) == "[0.3]"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda items: items.__setitem__(7000, 1), ["s[7000]: 7000 → 1"]),
        (lambda items: items.__setitem__(7000, 7000.0), ["s[7000]: 7000 → 7000.0"]),
        (lambda items: items.append("x"), ["s[-1]: — → 'x'"]),
        (lambda items: items.pop(0), ["s[0]: 0 → —"]),
        (lambda items: items.pop(), ["s[9999]: 9999 → —"]),
    ],
)
def test_one_change_of_a_long_list_is_found(change, expected):
    """Stretches of plain values that read alike are passed over, and only those."""
    after = list(range(10_000))
    change(after)
    assert told(list(range(10_000)), after) == expected


def test_long_lists_of_plain_values_are_not_compared_item_by_item(monkeypatch):
    """Of a million items that would take seconds, at each step of who walks."""
    looked = Counter()
    inner = _changes._between
    monkeypatch.setattr(_changes, "_between", lambda *values: looked.update("x") or inner(*values))
    assert told([*range(50_000)], [*range(50_000), 1]) == ["s[-1]: — → 1"]
    assert looked["x"] < 100
