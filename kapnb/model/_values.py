"""The mappings a point carries: typed fields and string tags.

Both remember whether they were written to, so that an untouched point can be passed on as
the very bytes it came in. A subclass may look single names up and load the rest only when
somebody iterates: a Handler that reads one field of thirty pays for one.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Generic, TypeAlias, TypeVar

__all__ = ["INT_MAX", "INT_MIN", "FieldValue", "Fields", "Tags", "check_field", "check_int64"]

#: What a field may hold.
FieldValue: TypeAlias = float | int | str | bool
_V = TypeVar("_V")

#: The bounds of an int field or option: 64 bits, signed.
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


#: Names that an error lists; of more, those most like the one that was looked for.
_LISTED_MAX = 10


class _MissingKey(KeyError):
    """A KeyError whose text is a sentence; plain KeyError shows the repr of its argument.

    The sentence is made when it is read: a Handler may meet a missing name at every point.
    """

    def __str__(self) -> str:
        noun, name, names = self.args
        return f"no {noun} {name!r} in this point (it has: {_told(names, str(name))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _missing_key, self.args


# Whoever catches it, and whoever reads a traceback, has a KeyError.
_MissingKey.__name__ = _MissingKey.__qualname__ = "KeyError"
_MissingKey.__module__ = "builtins"


def _missing_key(noun: str, name: str, names: tuple[str, ...]) -> KeyError:
    return _MissingKey(noun, name, names)


def _told(names: tuple[str, ...], wanted: str) -> str:
    """List names for an error, the likeliest first where there are many."""
    if len(names) <= _LISTED_MAX:
        return ", ".join(names) or "none at all"
    from difflib import SequenceMatcher

    def likeness(name: str) -> float:
        return SequenceMatcher(None, wanted, name).ratio()

    nearest = sorted(names, key=likeness, reverse=True)[:_LISTED_MAX]
    return f"{', '.join(nearest)} and {len(names) - _LISTED_MAX} more"


def check_int64(value: Any, what: str) -> int:
    """Return `value` as a Python int that fits 64 bits.

    Raises
    ------
    TypeError
        If `value` is no integer (a bool is none here).
    ValueError
        If it does not fit a signed 64-bit integer.
    """
    if isinstance(value, bool):
        raise TypeError(f"{what} must be an int, not {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} must be an int, not {type(value).__name__} {value!r}") from None
    if not INT_MIN <= number <= INT_MAX:
        raise ValueError(f"{what} is {number}, which does not fit a signed 64-bit integer")
    return number


def check_str(value: Any, what: str) -> str:
    """Return `value` if it is a str.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a str, not {type(value).__name__} {value!r}")
    return value


def check_field(name: str, value: Any) -> FieldValue:
    """Return `value` as one of the four Python types a field can have.

    NumPy scalars are turned into the Python value they hold.

    Raises
    ------
    TypeError
        If `value` is none of float, int, str, bool.
    ValueError
        If it is an int beyond 64 bits.

    Examples
    --------
    >>> check_field("n", 3), check_field("ok", True)
    (3, True)
    >>> check_field("n", 1 << 63)
    Traceback (most recent call last):
        ...
    ValueError: field 'n' is 9223372036854775808, which does not fit a signed 64-bit integer
    """
    kind = type(value)
    if kind is float or kind is str or kind is bool:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return check_int64(value, f"field {name!r}")
    if (
        hasattr(value, "item")
        and getattr(value, "shape", None) == ()
        and getattr(getattr(value, "dtype", None), "kind", "O") in "biufU"
    ):
        held = value.item()
        if type(held) is not kind:  # a long double holds itself
            return check_field(name, held)
    for base in (float, int, str):  # a subclass is stored as its plain self
        if isinstance(value, base):
            return check_field(name, base(value))
    hint = "; leave an absent field out" if value is None else ""
    raise TypeError(
        f"field {name!r} must be a float, int, str or bool, not {type(value).__name__}{hint}"
    )


class _Named(MutableMapping[str, _V], Generic[_V]):
    """A mapping that checks what is set and remembers that it was.

    A subclass may know a cheaper `_find` than to load all, and set `_values` to None until
    `_all` has loaded them. No value is ever None.
    """

    __slots__ = ("_values", "changed")
    _noun = "value"

    _values: dict[str, _V] | None
    changed: bool

    def __init__(self, values: Mapping[str, _V] | None = None) -> None:
        self._values = {}
        for name in values or ():
            self[name] = values[name]  # type: ignore[index]
        self.changed = False

    def _all(self) -> dict[str, _V]:
        assert self._values is not None
        return self._values

    def _find(self, name: str) -> _V | None:
        return self._all().get(name)

    def __getitem__(self, name: str) -> _V:
        value = self._find(name)
        if value is None:
            raise _missing_key(self._noun, name, tuple(self._all()))
        return value

    def __setitem__(self, name: str, value: _V) -> None:
        self._all()[self._check_name(name)] = self._check(name, value)
        self.changed = True

    def __delitem__(self, name: str) -> None:
        self[name]  # raises, with the names that are there
        del self._all()[name]
        self.changed = True

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, _Named) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._all())

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def _check_name(self, name: str) -> str:
        if not isinstance(name, str):
            raise TypeError(f"{self._noun} names are str, not {type(name).__name__} {name!r}")
        return name

    def _check(self, name: str, value: Any) -> _V:
        raise NotImplementedError


class Fields(_Named[FieldValue]):
    """Field values by name: float, int, str or bool.

    On the wire Kapacitor keeps four maps, one a type; here a name has one value, and setting
    it replaces whatever type it had. Reading a missing field raises KeyError (the official
    agent's maps invent a zero). Points from Kapacitor list their fields in sorted order,
    because the order on the wire is random.

    Examples
    --------
    >>> fields = Fields({"usage": 0.5})
    >>> fields["usage"] = 3
    >>> fields
    {'usage': 3}
    >>> "idle" in fields
    False
    """

    __slots__ = ()
    _noun = "field"

    def _check(self, name: str, value: Any) -> FieldValue:
        return check_field(name, value)


class Tags(_Named[str]):
    """Tag values by name, all str."""

    __slots__ = ()
    _noun = "tag"

    def _check(self, name: str, value: Any) -> str:
        return check_str(value, f"tag {name!r}")


class UnsetTags(Tags):
    """No tags yet, but somebody looked: they are still inherited unless one was set."""

    __slots__ = ()


def to_inherit(tags: Tags | None) -> bool:
    """Return whether `tags` were left out."""
    return tags is None or (type(tags) is UnsetTags and not tags.changed)
