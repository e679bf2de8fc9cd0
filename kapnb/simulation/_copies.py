"""Copies of what a Handler holds: bytes that are read back in this very process.

A snapshot outlives its process, so it is JSON and knows few kinds of value. A copy that is read
back here may know all of them: it is a pickle in which classes, functions and what cannot, or
need not, be copied stand as references to the living objects. Nothing is looked up by its name,
so a class may be local, or defined anew meanwhile. These bytes never leave the process.
"""

from __future__ import annotations

import importlib.util
import io
import math
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from kapnb.model import Fields, Point, Tags
from kapnb.protocol import WirePoint, wire_point

__all__ = ["Copier", "Enough", "TooMuch", "Uncopied", "is_constant"]

#: Asked now and then while a copy is made: whether to give it up.
Enough = Callable[[], bool]

#: Always references: code, and what is compared by identity.
_CODE = (type, FunctionType, BuiltinFunctionType, ModuleType)
#: Without state of their own that could matter.
_PLUMBING = frozenset({"_thread", "logging", "threading"})
#: Libraries whose objects are data. Those of others are models and clients: large, or not to be
#: copied at all.
_DATA = frozenset({"kapnb", "numpy", "pandas", "pyarrow"})


class Uncopied(Exception):
    """Something has a state that cannot be read: a generator, a file, a socket."""


class TooMuch(Exception):
    """A copy would be larger than it may, or take longer."""


class Copier:
    """Makes such copies, and reads them.

    Examples
    --------
    >>> class Local:
    ...     pass
    >>> one, copier = Local(), Copier()
    >>> one.number = 3
    >>> other = copier.load(copier.dump([one, one]))
    >>> type(other[0]) is Local, other[0] is other[1], other[0].number
    (True, True, 3)
    """

    def __init__(self) -> None:
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._lenient = False
        self._kinds: dict[type, Callable[[Any], Any]] = {}

    def dump(
        self,
        value: Any,
        roles: Mapping[int, str] | None = None,
        *,
        most: float = math.inf,
        enough: Enough | None = None,
        lenient: bool = False,
    ) -> bytes:
        """Return a copy of `value` as bytes.

        Parameters
        ----------
        value : object
        roles : mapping of int to str, optional
            By `id`: objects that are not copied; another may stand in their place when the copy
            is read.
        most : float
            Bytes at which to give up.
        enough : callable, optional
            Asked at each 64 KiB or so whether to give up.
        lenient : bool
            Whether what cannot be copied is shared, for a copy that is only looked at.

        Raises
        ------
        TooMuch
            If it takes more, or it was `enough`.
        Uncopied
            If something in it cannot be copied, unless `lenient`.
        Exception
            Whatever user code, or pickle, raises.
        """
        self._lenient = lenient
        file = _Bounded(most, enough)
        _Pickler(file, self._reduced, self._number, roles or {}).dump(value)
        return file.getvalue()

    def load(self, data: bytes, roles: Mapping[str, Any] | None = None) -> Any:
        """Return the copy; `roles` says what stands for those that were not copied."""
        return _Unpickler(io.BytesIO(data), self._objects, roles or {}).load()

    # ------------------------------------------------------------------ one object

    def _reduced(self, value: Any) -> Any:
        """Return what pickle makes `value` of; NotImplemented for its own way."""
        kind = type(value)
        way = self._kinds.get(kind)
        if way is None:
            way = self._kinds[kind] = self._way(value)
        return way(value)

    def _way(self, value: Any) -> Callable[[Any], Any]:
        """Choose, at the first object of a class, how those are copied."""
        kind = type(value)
        if issubclass(kind, _CODE) or kind is object:
            return self._shared
        if kind is WirePoint:
            return _wire_point
        module = kind.__module__
        top = module.partition(".")[0]
        if module.startswith("kapnb."):
            if hasattr(value, "SerializeToString"):  # a message of the official API
                return _message
            if module.startswith("kapnb.protocol") and isinstance(value, (Fields, Tags)):
                return _mapping  # a point's, kept without it
            return _natural if module.startswith("kapnb.model") else self._shared
        if top in _PLUMBING:
            return self._shared
        if top == "itertools":  # until Python 3.14 these can be copied, with a warning
            return self._uncopied
        try:
            reduced = value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        except Exception:
            return self._uncopied
        return self._shared if isinstance(reduced, str) else _natural  # a name: one for all

    def _number(self, value: Any) -> int:
        """Return the number under which a copy refers to an object."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)  # and keeps its id from being used again
        return number

    def _shared(self, value: Any) -> Any:
        return _shared, (self._number(value),)

    def _uncopied(self, value: Any) -> Any:
        if self._lenient:
            return self._shared(value)
        raise Uncopied(f"a {type(value).__name__} cannot be copied")


class _Pickler(pickle.Pickler):
    def __init__(
        self,
        file: io.BytesIO,
        reduced: Callable[[Any], Any],
        number: Callable[[Any], int],
        roles: Mapping[int, str],
    ) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._reduced, self._number, self._roles = reduced, number, roles

    def reducer_override(self, value: Any) -> Any:
        if value is _shared or value is _role:
            return NotImplemented  # by name: this is what the reader knows
        role = self._roles.get(id(value))
        return self._reduced(value) if role is None else (_role, (role, self._number(value)))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, objects: list[Any], roles: Mapping[str, Any]) -> None:
        super().__init__(file)
        self._objects, self._roles = objects, roles

    def find_class(self, module: str, name: str) -> Any:
        return self._objects.__getitem__ if name == "_shared" else self._played

    def _played(self, role: str, number: int) -> Any:
        """Return what plays a role now, or who played it then."""
        return self._roles.get(role, self._objects[number])


class _Bounded(io.BytesIO):
    def __init__(self, most: float, enough: Enough | None) -> None:
        super().__init__()
        self._left, self._enough = most, enough

    def write(self, data: Any) -> int:
        self._left -= len(data)
        if self._left < 0 or (self._enough is not None and self._enough()):
            raise TooMuch
        return super().write(data)


def _shared(number: int) -> Any:
    """Stand in a copy for an object of `Copier`; the reader puts the object there."""
    raise pickle.UnpicklingError(f"object {number} is known to its Copier alone")


def _role(role: str, number: int) -> Any:
    """Stand in a copy for what plays a role; the reader puts another there."""
    raise pickle.UnpicklingError(f"{role} is known to who reads the copy")


def _natural(value: Any) -> Any:
    return NotImplemented


def _wire_point(value: Any) -> Any:
    """Copy a point of the wire by its bytes, or, if it was changed, part by part."""
    raw = value.raw
    return (_wired, (value.copy(),)) if raw is None else (wire_point, (raw,))


def _wired(plain: Point) -> WirePoint:
    """Return a point as one of the wire that was changed."""
    point = wire_point(b"")
    point._raw = None
    for name in Point.__slots__:
        setattr(point, name, getattr(plain, name))
    return point


def _mapping(value: Any) -> Any:
    return (Fields if isinstance(value, Fields) else Tags), (dict(value),)


def _message(value: Any) -> Any:
    return type(value).FromString, (value.SerializeToString(),)


def is_constant(value: Any) -> bool:
    """Tell whether an object is a library's, and no data: a model, a client."""
    top = type(value).__module__.partition(".")[0]
    return top not in _DATA and _is_library(top)


@cache
def _is_library(top: str) -> bool:
    """Tell whether a module was installed, and is neither the user's nor the language's own."""
    if top in sys.stdlib_module_names or top == "__main__":
        return False
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # made up, as in a test
        return False
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec else [""]
    parts = {f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}"}
    return any(part in place for place in places for part in parts)
