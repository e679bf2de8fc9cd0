"""The classes of a Handler's state by name: only those its author can see.

A snapshot names classes, and its bytes may be anybody's. So a name is looked up among the
names of the modules in which the Handler's class and its bases are written, never imported;
reading a name runs nothing, be it a module's ``__getattr__`` or a property.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Namespace", "class_dict"]

_dict_of_class = type.__dict__["__dict__"].__get__


def class_dict(cls: type) -> Mapping[str, Any]:
    """Return a class's own names, whatever its metaclass says."""
    found: Mapping[str, Any] = _dict_of_class(cls)
    return found


class Namespace:
    """Where the classes of a Handler's state are found.

    Parameters
    ----------
    handler : type
        The Handler's class.
    """

    def __init__(self, handler: type) -> None:
        self._owners = [cls for cls in handler.__mro__ if _is_users(cls)]
        self.module = handler.__module__

    def find(self, name: Any) -> type | None:
        """Return the class called `name`, or None.

        Parameters
        ----------
        name : str
            Its qualified name in a module of the Handler, or its name in the Handler's class.
        """
        if type(name) is not str:  # the bytes may say anything
            return None
        for names, path in self._places(name):
            if (found := _walk(names, path.split("."))) is not None:
                return found
        return None

    def name_of(self, cls: type) -> str | None:
        """Return the name under which `find` gives `cls`, or None if there is none."""
        for name in (cls.__qualname__, cls.__name__):
            found = self.find(name)
            if found is cls or (
                # the same class, from a cell or a module that was run again
                found is not None
                and (found.__module__, found.__qualname__) == (cls.__module__, cls.__qualname__)
            ):
                return name
        return None

    def _places(self, name: str) -> Iterable[tuple[Mapping[str, Any], str]]:
        for owner in self._owners:
            module = sys.modules.get(owner.__module__)
            if module is not None:
                yield vars(module), name
        for owner in self._owners:
            # a class within a Handler that is itself within a function
            yield class_dict(owner), name.removeprefix(f"{owner.__qualname__}.")


def _is_users(cls: type) -> bool:
    module = cls.__module__
    return not (
        module.startswith("kapnb.handler.") or module.partition(".")[0] in sys.stdlib_module_names
    )


def _walk(names: Mapping[str, Any], path: list[str]) -> type | None:
    found: Any = None
    for part in path:
        found = names.get(part)
        if not issubclass(type(found), type):  # isinstance would ask the object itself
            return None
        names = class_dict(found)
    return found  # type: ignore[no-any-return]
