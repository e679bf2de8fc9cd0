"""What a Handler's code keeps outside its objects: globals, class attributes, closures, defaults.

Kapacitor starts a fresh process for each task, and that imports the code anew. In a notebook all
runs share one process, so what such a place holds outlives a run: results would depend on what
ran before, and a restart would seem to keep what in production it loses. Here these places are
found, and put back to what they held.

Only plain data is looked at: numbers, texts, containers of them, objects of the Handler's own
modules, and not too much of it. A model that was loaded lazily stays loaded, a table is not copied.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from kapnb.handler import Handler

__all__ = ["Hidden", "Place"]

_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_SEQUENCES = (list, tuple, set, frozenset, deque, bytearray)
_MAPPINGS = (dict, Counter, OrderedDict, defaultdict)
#: Larger data is taken for a table that never changes.
_ITEMS_MAX = 1000


@dataclass(frozen=True)
class Place:
    """One place outside the Handler's objects.

    Attributes
    ----------
    name : str
        As a person would call it: ``global SEEN``, ``class attribute Rate.last``.
    get, set : callable
        Read it; put another value there.
    """

    name: str
    get: Callable[[], Any]
    set: Callable[[Any], None]


class Hidden:
    """All such places of one Handler, and what they held when this was made.

    Parameters
    ----------
    handler : subclass of Handler
        Its own functions are read, and what they name in their own module, in turn.

    Examples
    --------
    >>> class Counted(Handler):
    ...     seen = []
    ...
    ...     def point(self, point):
    ...         self.seen.append(point.time)
    >>> hidden = Hidden(Counted)
    >>> Counted.seen.append(1)
    >>> hidden.changed()
    ['class attribute Counted.seen']
    >>> hidden.reset()
    >>> Counted.seen
    []
    """

    def __init__(self, handler: type[Handler]) -> None:
        self._modules = {handler.__module__, *filter(_is_users, map(_module, handler.__mro__))}
        self._kept: list[tuple[Place, Any]] = []
        for place in _Search(self._modules).places(handler):
            value = place.get()
            if self._is_data(value):
                self._kept.append((place, copy.deepcopy(value)))

    def reset(self) -> None:
        """Put back what every place held, in place where that can be."""
        for place, before in self._kept:
            self._put(place, before, copy.deepcopy)

    def held(self) -> dict[int, Any]:
        """Return what each place holds now, by its number in `names`; not copied.

        What is no plain data any more is left out.
        """
        found = enumerate(place.get() for place, _ in self._kept)
        return {number: one for number, one in found if self._is_data(one, limit=sys.maxsize)}

    def put(self, held: Mapping[int, Any]) -> None:
        """Let places hold what `held` gave, or a copy of it; the values are used up."""
        for number, value in held.items():
            self._put(self._kept[number][0], value, lambda one: one)

    def _put(self, place: Place, value: Any, copied: Callable[[Any], Any]) -> None:
        now = place.get()
        if now is value or _unchanged(now, value):
            return
        if not self._is_data(now, limit=sys.maxsize):
            return  # a model, say, that was loaded meanwhile
        fresh = copied(value)
        if not _refilled(now, fresh):
            place.set(fresh)

    @property
    def names(self) -> list[str]:
        """The places, in the order of `held`."""
        return [place.name for place, _ in self._kept]

    def values(self) -> dict[str, Any]:
        """Return a copy of what each place holds now, by name."""
        found = {place.name: place.get() for place, _ in self._kept}
        data = {name: one for name, one in found.items() if self._is_data(one, limit=sys.maxsize)}
        return copy.deepcopy(data)

    def changed(self) -> list[str]:
        """Name the places that hold something else now."""
        return [place.name for place, before in self._kept if not _same(place.get(), before)]

    def _is_data(self, value: Any, *, limit: int = _ITEMS_MAX) -> bool:
        """Tell whether a value is plain data, of at most so many items."""
        stack, count, seen = [value], 0, set[int]()
        while stack:
            item = stack.pop()
            count += 1
            if count > limit:
                return False
            if isinstance(item, _ATOMS) or id(item) in seen:
                continue
            seen.add(id(item))
            if type(item) in _SEQUENCES:
                stack.extend(item)
            elif type(item) in _MAPPINGS:
                stack.extend(item)
                stack.extend(item.values())
            elif type(item).__module__ in self._modules and _is_plain_object(item):
                stack.extend(vars(item).values())
            else:
                return False
        return True


def _module(cls: type) -> str:
    return cls.__module__


def _is_users(module: str) -> bool:
    top = module.partition(".")[0]
    return module == "__main__" or (top != "kapnb" and top not in sys.stdlib_module_names)


def _is_plain_object(value: Any) -> bool:
    return hasattr(value, "__dict__") and not callable(value)


def _unchanged(now: Any, before: Any) -> bool:
    """Tell, fast, whether nothing need be done; sometimes too careful."""
    try:
        return type(now) is type(before) and bool(now == before)
    except Exception:  # arrays within, say
        return False


def _same(now: Any, before: Any) -> bool:
    if type(now) is not type(before):
        return False
    if hasattr(now, "__dict__"):
        return _same(vars(now), vars(before))
    return repr(now) == repr(before)  # tells NaN from nothing, and 1 from True


def _refilled(now: Any, before: Any) -> bool:
    """Put `before` into the very object `now`, which others may hold, too."""
    if type(now) is not type(before):
        return False
    if isinstance(now, (list, bytearray)):
        now[:] = before
    elif isinstance(now, deque) and now.maxlen == before.maxlen:
        now.clear()
        now.extend(before)
    elif isinstance(now, (dict, set)):
        now.clear()
        now.update(before)
    elif hasattr(now, "__dict__"):
        vars(now).clear()
        vars(now).update(vars(before))
    else:
        return False
    return True


class _Search:
    """One walk over the code of a Handler's modules, as far as its functions name it."""

    def __init__(self, modules: Collection[str]) -> None:
        self._modules = modules
        self._seen: set[int] = set()
        self._named: set[tuple[int, str]] = set()  # globals

    def places(self, value: Any) -> Iterator[Place]:
        """Yield the places that a class or function leads to."""
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, type):
            yield from self._class(value)
        elif isinstance(value, FunctionType):
            yield from self._function(value)

    def _class(self, cls: type) -> Iterator[Place]:
        for base in cls.__mro__:
            if base.__module__ not in self._modules:
                continue
            for name, value in list(vars(base).items()):
                function = _function_of(value)
                if function is not None:
                    yield from self.places(function)
                elif not name.startswith("__") and name not in _DECLARED:
                    yield Place(
                        f"class attribute {base.__name__}.{name}",
                        lambda base=base, name=name: vars(base).get(name),  # type: ignore[misc]
                        lambda new, base=base, name=name: setattr(base, name, new),  # type: ignore[misc]
                    )

    def _function(self, function: FunctionType) -> Iterator[Place]:
        own = function.__module__ in self._modules
        for index, name in enumerate(function.__code__.co_freevars):
            cell = (function.__closure__ or ())[index]
            try:
                held = cell.cell_contents
            except ValueError:  # not bound yet
                continue
            if isinstance(held, (type, FunctionType)):
                yield from self.places(held)
            elif own:
                yield Place(
                    f"{name} in the closure of {function.__qualname__}",
                    lambda cell=cell: cell.cell_contents,  # type: ignore[misc]
                    lambda new, cell=cell: setattr(cell, "cell_contents", new),  # type: ignore[misc]
                )
        if own:
            yield from self._defaults(function)
            yield from self._globals(function)

    def _defaults(self, function: FunctionType) -> Iterator[Place]:
        code, defaults = function.__code__, function.__defaults__ or ()
        names = code.co_varnames[: code.co_argcount][-len(defaults) :] if defaults else ()
        for name, value in zip(names, defaults, strict=True):
            if isinstance(value, (list, dict, set, deque, bytearray)):
                yield Place(
                    f"default of {name} in {function.__qualname__}",
                    lambda value=value: value,  # type: ignore[misc]
                    lambda new: None,  # it can only be refilled
                )

    def _globals(self, function: FunctionType) -> Iterator[Place]:
        space = function.__globals__
        for name in _names(function.__code__):
            if name not in space:
                continue
            value = space[name]
            if isinstance(value, (type, FunctionType)):
                if value.__module__ in self._modules:
                    yield from self.places(value)
            elif (id(space), name) not in self._named:
                self._named.add((id(space), name))
                yield Place(
                    f"global {name}",
                    lambda name=name: space.get(name),  # type: ignore[misc]
                    lambda new, name=name: space.__setitem__(name, new),  # type: ignore[misc]
                )


#: What is declared on a Handler's class and never changes.
_DECLARED = frozenset(vars(Handler)) | {"is_udf"}


def _function_of(value: Any) -> FunctionType | None:
    """Return the function behind a method, a property or a wrapper."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    elif isinstance(value, property):
        value = value.fget
    value = getattr(value, "__wrapped__", value)
    return value if isinstance(value, FunctionType) else None


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that code, and code within it, looks up by name."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)
