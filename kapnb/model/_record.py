"""Record: a value of named parts that never changes, such as a message of the protocol.

What `dataclasses` would give, without its import: with `inspect` behind it that costs a third
of an agent's start-up, and Kapacitor starts every agent of its configuration one after another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

__all__ = ["Record"]

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Any:
        """Tell type checkers, and nobody else, what the parts are."""
        return lambda cls: cls


_R = TypeVar("_R", bound="Record")


@dataclass_transform(frozen_default=True)
class Record:
    """Base of values whose annotations are their parts, in the order of the constructor.

    A default may be given as in a dataclass; an empty dict as a default is made anew for each.

    Examples
    --------
    >>> class Pair(Record):
    ...     left: int
    ...     right: int = 0
    >>> Pair(1)
    Pair(left=1, right=0)
    >>> Pair(1) == Pair(1, 0), Pair(1) == Pair(2)
    (True, False)
    """

    #: Names of the parts.
    parts: ClassVar[tuple[str, ...]] = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        names = [name for name, kind in cls.__annotations__.items() if "ClassVar" not in str(kind)]
        cls.parts = tuple(dict.fromkeys((*cls.parts, *names)))
        cls.__match_args__ = cls.parts  # type: ignore[misc]
        own = {name: vars(cls)[name] for name in names if name in vars(cls)}
        cls._defaults = {**cls._defaults, **own}

    def __init__(self, *values: Any, **named: Any) -> None:
        parts = self.parts
        given = dict(zip(parts, values, strict=False))
        if len(values) > len(parts) or given.keys() & named.keys() or named.keys() - set(parts):
            raise TypeError(
                f"{type(self).__name__} takes {', '.join(parts) or 'nothing'}, each once"
            )
        given.update(named)
        for name in parts[len(values) :]:
            if name not in given:
                given[name] = self._default(name)
        vars(self).update(given)

    def _default(self, name: str) -> Any:
        if name not in self._defaults:
            raise TypeError(f"{type(self).__name__} needs {name}")
        default = self._defaults[name]
        return {} if default == {} else default

    def replace(self: _R, **changes: Any) -> _R:
        """Return a copy with these parts changed."""
        return type(self)(**{**vars(self), **changes})

    def _values(self) -> tuple[Any, ...]:
        state = vars(self)
        return tuple(state[name] for name in self.parts)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: a record never changes")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        state = vars(self)
        inner = ", ".join(f"{name}={state[name]!r}" for name in self.parts)
        return f"{type(self).__qualname__}({inner})"
