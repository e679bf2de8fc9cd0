"""What a snapshot cannot hold: refused with group, place and remedy, and nothing is lost silently."""

import dataclasses
import enum
import fractions
import re
import sys
import threading
from array import array
from collections import Counter, defaultdict, deque, namedtuple
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from kapnb.errors import SnapshotError
from kapnb.handler import Handler
from kapnb.handler._namespace import Namespace
from kapnb.handler._snapshot import pack
from kapnb.model import Point


@dataclasses.dataclass
class Window:
    values: deque


@dataclasses.dataclass
class Both(dict):
    n: int = 0


class Ability(enum.Flag):
    READ = 1
    WRITE = 2


class Named(namedtuple("Named", "a")):
    pass


class MyList(list):
    pass


class Plain:
    pass


class Unshowable:
    """A key that cannot even be shown."""

    def __repr__(self):
        raise ValueError("no text")


class Keeping(Handler):
    pass


HERE = Namespace(Keeping)


def local_class():
    @dataclasses.dataclass
    class Local:
        n: int = 0

    return Local()


def with_attribute():
    value = Named(1)
    value.extra = 2
    return value


def cyclic(make=list):
    state = make()
    state.append([1, state])
    return state


def deep(levels):
    state = []
    for _ in range(levels - 1):
        state = [state]
    return state


TEXT = "w" if sys.version_info >= (3, 13) else "u"
CODE = "code is never kept in a snapshot; make it in init()"
NUMPY = "which cannot be kept; keep"


@pytest.mark.parametrize(
    ("state", "place"),
    [
        (object(), "state is a object, which cannot be kept in a snapshot; keep plain values"),
        ({"a": [1, {2}, Plain()]}, "state['a'][2] is a Plain"),
        ({"a": {Plain()}}, "an item of state['a'] is a Plain"),
        ({(1, 2): lambda: 0}, f"state[(1, 2)] is a function, and {CODE}"),
        ([len], "state[0] is a builtin_function_or_method"),
        ({Plain(): 1}, "a key of state is a Plain"),
        ({1: {Unshowable: 1}}, "a key of state[1] is a type"),
        (deque([1, object()]), "state[1] is a object"),
        (Window(iter([])), "state.values is a list_iterator"),
        (Window({"x": [threading.Lock()]}), "state.values['x'][0] is a lock"),
        ({"p": Point({}).fields}, "state['p'] is a point's mapping; keep the point, or dict("),
        (Window, "state is a type"),
        (np.array([object()]), f"state is a NumPy array of object, {NUMPY} numbers"),
        (np.zeros(2, dtype="f8,i4"), "one array a field"),
        (np.ma.masked_array([1]), "is a MaskedArray, more than a plain array; keep numpy.asarray"),
        (np.zeros(1).view(np.recarray), "is a recarray, more than a plain array"),
        (pd.Series([1]), "state is a Series, which cannot be kept"),
        (pd.Timestamp(0), "state is a Timestamp, a kind of datetime whose own part would be lost"),
        (MyList(), "state is a MyList, a kind of list whose own part would be lost; keep a plain"),
        (Counter({1: MyList()}), "state[1] is a MyList"),
        (fractions.Fraction(1, 2), "state is a Fraction"),
        (array(TEXT, "x"), f"array of the type '{TEXT}'; keep a str"),
        (datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")), "time zone UTC, whose rules a snapshot"),
        ([defaultdict(lambda: 0)], "state[0] is a defaultdict that calls <lambda>"),
        ([defaultdict(Plain)], "use setdefault"),
        (Ability.READ | Ability.WRITE, "is a combination of Ability flags, which has no name"),
        (with_attribute(), "is a named tuple Named with attributes of its own"),
        (Both(1), "is a dataclass Both that is a dict too, whose content would be lost"),
        (local_class(), "which is not to be found in the Handler's module (test_snapshot_"),
        (namedtuple("Lost", "a")(1), "is a named tuple Lost, which is not to be found"),
        (enum.Enum("Lost", "A").A, "is an enum Lost, which is not to be found"),
        (cyclic(), "state[0][1] is state again, a cycle"),
        ({"x": cyclic(deque)}, "state['x'][0][1] is state['x'] again, a cycle"),
        (deep(102), "lies more than 100 levels deep; keep a flatter state"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_what_cannot_be_kept_is_named_with_its_place(state, place):
    """Group and place, so that the one attribute is found; and what to do."""
    with pytest.raises(SnapshotError, match=re.escape(place)) as raised:
        pack({"host=a": state}, {}, HERE)

    assert str(raised.value).startswith("group 'host=a': ")


def test_a_key_that_cannot_be_shown_is_named_by_its_type():
    """The message must come about, whatever user code does."""

    class Handy(Handler):
        @dataclasses.dataclass(frozen=True)
        class Key:
            n: int = 0

            def __repr__(self):
                raise ValueError("no text")

    with pytest.raises(SnapshotError, match=r"state\[a Key\] is a object"):
        pack({"g": {Handy.Key(): object()}}, {}, Namespace(Handy))


def test_a_state_of_the_deepest_kind_is_kept():
    """The limit is where it is said to be."""
    assert pack({"g": deep(100)}, {}, HERE)


def test_the_group_is_named():
    """One of hundreds."""
    with pytest.raises(SnapshotError, match="group 'host=b': state is a object"):
        pack({"host=a": 1, "host=b": object()}, {}, HERE)


def test_a_group_that_is_no_text_is_refused():
    """User code may put anything into group_states; JSON would make text of it."""
    with pytest.raises(SnapshotError, match="has the key 5; a group's id is a str"):
        pack({5: 1}, {}, HERE)


def test_a_state_that_changes_under_the_reader_is_refused():
    """Another thread at work: an error of the snapshot, not of the task."""
    state = {"a": Window(deque())}

    class Meanwhile(Namespace):
        """Lets another thread's change happen in the middle of the walk."""

        def name_of(self, cls):
            state["b"] = 1
            return super().name_of(cls)

    with pytest.raises(SnapshotError, match=r"was changed while it was read \(.*hold a lock"):
        pack({"g": state}, {}, Meanwhile(Keeping))
