"""The maps that nearly every handler reads and writes: a point's fields, and tags.

Their methods are closures, one set for each map of a message: what differs from map to map is
read faster so than from the class, and these methods are most of what an official handler
costs here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, TypeAlias

from kapnb.agent._log import logger
from kapnb.compat._bytes import ENCODERS, head
from kapnb.compat._checks import note_double
from kapnb.compat._containers import AnyMap, Entry
from kapnb.compat._place import place

__all__ = ["ScalarMap"]

#: Names that were read without being there; one warning is enough for each.
_missed: set[tuple[str, str]] = set()
#: More would mean names made from data.
_NAMES_MAX = 4096

#: How all entries of a name begin, as what a message's `_past` is if only that was appended.
_Heads: TypeAlias = "dict[str, tuple[bytes | None]]"
_NONE = (None,)

_pack_double = struct.Struct("<d").pack


class ScalarMap(AnyMap):
    """Fields of one type, or tags."""

    __slots__ = ()
    _zero: ClassVar[Any]

    @classmethod
    def of(cls, name: str, number: int, **more: Any) -> type[Any]:
        """Return the class of one map field; `zero` is the value of a missing entry."""
        zero = more["zero"]
        heads: _Heads = {}
        setter = _setter(number, type(zero), heads)
        readers = _readers(attrgetter(name), heads if type(zero) is float else None)
        return super().of(name, number, _zero=zero, __setitem__=setter, **readers)

    def _missing(self, name: str) -> Any:
        """Do what protobuf's maps do: add the entry. But say so."""
        kind = type(self._owner).__name__.lower()
        known = (f"{kind}.{self._name}", name)
        if known not in _missed and len(_missed) < _NAMES_MAX:
            _missed.add(known)
            logger().warning(
                "%s[%r] was read where it is missing (%s); as with the official agent that added "
                "it with the value %r, which goes out if the %s does. Ask `%r in …` first, or "
                "use .get(%r)",
                known[0], name, place(), self._zero, kind, name, name,
            )  # fmt: skip
        self[name] = self._zero
        return self._zero

    def _take(self, name: str, value: Any) -> None:
        try:
            self._open()[name] = value
        except TypeError as error:
            raise TypeError(
                f"{self._name}[{name!r}] cannot be {value!r} ({type(value).__name__}): {error}"
            ) from error
        if self._zero.__class__ is float:
            note_double(name, self._read()[name])

    def setdefault(self, name: Any, default: Any = None) -> Any:
        """Return the value, set to `default` where there is none."""
        value = self.get(name)
        if value is not None:
            return value
        self[name] = default
        return self[name]

    def pop(self, name: Any = -1, *default: Any) -> Any:
        """Remove an entry; return its value, or `default`, or the type's zero.

        A position, as lists of entries have it, returns the entry.
        """
        if isinstance(name, int):
            return self._pop_at(name)
        value = self.get(name)
        if value is None:
            return default[0] if default else self._zero
        del self[name]
        return value

    def add(self, key: str = "", value: Any = None) -> Entry:
        """Add an entry as the list of entries did, and return it."""
        self[key] = self._zero if value is None else value
        return self._entry(key)


def _readers(of: Callable[[Any], Any], heads: _Heads | None) -> dict[str, Any]:
    """Return the methods that read.

    Parameters
    ----------
    of : callable
        Gets protobuf's map out of its message.
    heads : dict, optional
        Those of the setter, if this is the map of which some may have been read ahead.
    """

    def ahead(owner: Any, name: Any) -> bool:
        """Return whether the value that was read ahead is still the one."""
        if name not in owner._foreseen.doubles:
            return False
        past = owner._past
        return past is None or heads.get(name, _NONE)[0] not in past  # type: ignore[union-attr]

    def __getitem__(self: Any, name: Any) -> Any:  # noqa: N807
        owner = self._owner
        try:
            if heads is not None and owner._foreseen is not None and ahead(owner, name):
                return owner._foreseen.doubles[name][owner._row]
            present = of(owner._message or owner._parse())
            if name in present:  # `get` takes longer, `[]` alone would create it
                return present[name]
        except TypeError:  # no name, so it may be a position
            if isinstance(name, (int, slice)):
                return self._at(name)
            raise
        return self._missing(name)

    def __contains__(self: Any, name: object) -> bool:  # noqa: N807
        owner = self._owner
        if heads is not None and owner._foreseen is not None and ahead(owner, name):
            return True
        return name in of(owner._message or owner._parse())

    def get(self: Any, name: Any, default: Any = None) -> Any:
        """Return a value, or `default` where there is none; adds nothing."""
        owner = self._owner
        if heads is not None and owner._foreseen is not None and ahead(owner, name):
            return owner._foreseen.doubles[name][owner._row]
        return of(owner._message or owner._parse()).get(name, default)

    return {"__getitem__": __getitem__, "__contains__": __contains__, "get": get}


def _setter(number: int, kind: type[Any], heads: _Heads) -> Callable[[Any, Any, Any], None]:
    """Return ``__setitem__``, which appends to the bytes of a message where it can."""
    encode = ENCODERS[kind]

    def __setitem__(self: Any, name: Any, value: Any) -> None:  # noqa: N807
        owner = self._owner
        raw, past = owner._raw, owner._past
        if raw is not None and type(value) is kind and (past is None or type(past) is tuple):
            alone = heads.get(name, _NONE)
            if alone is _NONE and type(name) is str and len(heads) < _NAMES_MAX:
                alone = heads[name] = (head(kind, number, name),)
            (start,) = alone
            # Not twice: a message that the script keeps for life would grow.
            if start is not None and (past is None or start not in past):
                entry = start + _pack_double(value) if kind is float else encode(start, value)
                if entry is not None:
                    owner._raw = raw + entry
                    owner._past = alone if past is None else past + alone
                    if kind is float and value - value != 0.0:
                        note_double(name, value)
                    message = owner._message
                    if message is not None:
                        owner._late, owner._message = (message, len(raw)), None
                    if owner._parent is not None:
                        owner._join()
                    return
        self._take(name, value)

    return __setitem__
