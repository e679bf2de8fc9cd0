"""The maps and lists of messages, for both generations of handlers.

Since Kapacitor 1.8 a point's fields are dict-like; with 1.7 they were lists of entries with
`key` and `value`. A map here is both, so that one process may mix the two:

- dict: ``m[name]``, ``get``, ``items``, ``keys``, ``values``, ``in``, ``update``, ``pop``, ``del``;
- list: ``for entry in m``, ``m.add(key=…, value=…)``, ``extend``, ``remove``, ``m[0]``.

Iteration gives str, which is what a dict gives, with `key` and `value`, which is what a list
gives. Order is that of the wire; what the handler added follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from operator import attrgetter
from typing import Any, ClassVar

from kapnb.compat._bytes import names_in_order

__all__ = ["AnyMap", "Entry", "MessageMap", "Repeated"]


class Entry(str):
    """A map's key that also is the entry: `key`, and `value`, which may be set."""

    __slots__ = ("_key", "_map")
    _map: AnyMap
    _key: str

    @property
    def key(self) -> str:
        """The key; setting it renames the entry in its map."""
        return self._key

    @key.setter
    def key(self, name: str) -> None:
        self._map._rename(self._key, name)
        self._key = name

    @property
    def value(self) -> Any:
        """The value as it is now in the map."""
        return self._map[self._key]

    @value.setter
    def value(self, value: Any) -> None:
        self._map[self._key] = value

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


class AnyMap(MutableMapping[str, Any]):
    """What all maps share; `_owner` is the message it belongs to."""

    __slots__ = ("_owner",)
    _owner: Any

    #: Set by `udf_pb2`: the field's name, number and way into a protobuf message.
    _name: ClassVar[str]
    _number: ClassVar[int]
    _of: ClassVar[Any]

    # No `__init__`: a class without is called in half the time. `udf_pb2` sets the owner.

    @classmethod
    def of(cls, name: str, number: int, **more: Any) -> type[Any]:
        """Return the class of one map field."""
        content = {"__slots__": (), "_name": name, "_number": number, "_of": attrgetter(name)}
        return type(f"{cls.__name__}[{name}]", (cls,), {**content, **more})

    def _read(self) -> Any:
        owner = self._owner
        return self._of(owner._message or owner._parse())

    def _open(self) -> Any:
        return self._of(self._owner._open())

    def _names(self) -> list[str]:
        """Return the keys in order."""
        present, owner = self._read(), self._owner
        if len(present) < 2:
            return list(present)
        past = owner._past
        came = names_in_order(past if isinstance(past, bytes) else owner._raw or b"", self._number)
        names = [name for name in came if name in present]
        return names + sorted(set(present).difference(names))

    def _entry(self, name: str) -> Entry:
        entry = Entry(name)
        entry._map, entry._key = self, str(name)
        return entry

    # ----------------------------------------------------------------- as a dict

    def __contains__(self, name: object) -> bool:
        return name in self._read()

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[Entry]:
        return iter([self._entry(name) for name in self._names()])

    def __delitem__(self, name: Any) -> None:
        if isinstance(name, slice):
            for each in self._names()[name]:
                del self._open()[each]
            return
        if isinstance(name, int):
            name = self._names()[name]
        if name not in self._read():
            raise KeyError(name)
        del self._open()[name]

    def get(self, name: Any, default: Any = None) -> Any:
        """Return a value, or `default` where there is none; adds nothing."""
        return self._read().get(name, default)

    def _dict(self) -> dict[str, Any]:
        present = self._read()
        return {name: present[name] for name in self._names()}

    # Views of a copy: handlers change a map while they walk over it.

    def keys(self) -> Any:
        """Return the keys in order."""
        return self._dict().keys()

    def values(self) -> Any:
        """Return the values in order."""
        return self._dict().values()

    def items(self) -> Any:
        """Return the pairs of key and value in order."""
        return self._dict().items()

    def clear(self) -> None:
        """Remove everything."""
        self._open().clear()

    def MergeFrom(self, other: Any) -> None:
        """Take everything over from another map, a dict, or entries."""
        if isinstance(other, Mapping) or hasattr(other, "keys"):
            self.update({name: other[name] for name in list(other.keys())})
        else:
            self.extend(other)

    def GetEntryClass(self) -> Any:
        """Return protobuf's class of the entries."""
        return self._read().GetEntryClass()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Mapping):
            return dict(self.items()) == dict(other.items())
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._dict())

    # ----------------------------------------------------------------- as a list

    def _rename(self, old: str, new: str) -> None:
        if new != old:
            self._take(new, self._read()[old])
            del self._open()[old]

    def _take(self, name: str, value: Any) -> None:
        """Set an entry, whatever it holds."""
        raise NotImplementedError

    def append(self, entry: Any) -> None:
        """Set the entry that has `key` and `value`."""
        self._take(entry.key, entry.value)

    def extend(self, entries: Iterable[Any]) -> None:
        """Set all entries."""
        for entry in list(entries):
            self.append(entry)

    def remove(self, entry: Any) -> None:
        """Remove an entry, or a key."""
        del self[getattr(entry, "key", entry)]

    def sort(self, *arguments: Any, **settings: Any) -> None:
        """Raise: the entries keep the order in which they came, which means nothing."""
        raise TypeError(
            f"{self._name} cannot be sorted in place; write sorted({self._name}, key=…)"
        )

    def insert(self, index: int, entry: Any) -> None:
        """Raise: an entry is found by its name, and stands nowhere."""
        raise TypeError(f"{self._name} takes no entry at a position; use .add(key=…, value=…)")

    def _pop_at(self, index: int) -> Any:
        """Remove the entry at a position; return it as protobuf's own, which needs no map."""
        name = self._names()[index]
        popped = self.GetEntryClass()(key=name, value=self._read()[name])
        del self[name]
        return popped

    def _at(self, index: Any) -> Any:
        """Return the entry at a position, or the entries of a slice."""
        names = self._names()
        if isinstance(index, slice):
            return [self._entry(name) for name in names[index]]
        return self._entry(names[index])


class MessageMap(AnyMap):
    """Options of an info answer: name → OptionInfo, made when it is asked for."""

    __slots__ = ()

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, (int, slice)):
            return self._at(name)
        return self._open()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        raise ValueError(f"{self._name}[{name!r}] cannot be assigned; change what it holds")

    def _take(self, name: str, value: Any) -> None:
        self._open()[name].CopyFrom(value)

    def get_or_create(self, name: str) -> Any:
        """Return the message of `name`."""
        return self[name]

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Take entries over."""
        for name, value in dict(other, **more).items():
            self._take(name, value)

    def add(self, key: str = "", value: Any = None) -> Entry:
        """Add an entry as the list of entries did, and return it."""
        held = self[key]
        if value is not None:
            held.CopyFrom(value)
        return self._entry(key)


class Repeated(MutableSequence[Any]):
    """A repeated field of a message."""

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: Any, name: str) -> None:
        self._owner, self._name = owner, name

    def _read(self) -> Any:
        return getattr(self._owner._read(), self._name)

    def _open(self) -> Any:
        return getattr(self._owner._open(), self._name)

    def __getitem__(self, index: Any) -> Any:
        return self._read()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._open()[index] = value

    def __delitem__(self, index: Any) -> None:
        del self._open()[index]

    def __len__(self) -> int:
        return len(self._read())

    def insert(self, index: int, value: Any) -> None:
        """Insert one item."""
        self._open().insert(index, value)

    def append(self, value: Any) -> None:
        """Append one item."""
        self._open().append(value)

    def extend(self, values: Iterable[Any]) -> None:
        """Append all items."""
        self._open().extend(list(values))

    MergeFrom = extend

    def add(self, **fields: Any) -> Any:
        """Append a new message and return it."""
        return self._open().add(**fields)

    def sort(self, **settings: Any) -> None:
        """Sort in place."""
        self._open().sort(**settings)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Iterable) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))
