"""The state of a Handler: what it is made of, how two differ, and how large one is.

Two places hold it: the groups' states, which a snapshot keeps, and the object's own attributes,
which it does not. A third, outside the object, is `simulation._hidden`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Set
from typing import Any

from kapnb.faults._process import Process
from kapnb.model import Batch, Point
from kapnb.simulation._checkpoints import kept_attributes, parts_of

__all__ = ["differences", "state_of", "weight"]

#: How many differences are told.
_TOLD_MAX = 5
_QUOTE_MAX = 60
_DEPTH_MAX = 20
_ATOMS = (type(None), bool, int, float, complex, str, bytes)


def state_of(process: Process) -> dict[str, Any]:
    """Return the parts of a process' state by name; not copied.

    ``group 'host=a'`` is a group's state, ``self.count`` an attribute.
    """
    handler = process.instance
    parts = {f"group {group!r}": state for group, state in handler.group_states.items()}
    return parts | {f"self.{name}": one for name, one in kept_attributes(handler).items()}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Say what `after` holds otherwise than `before`; a few sentences at most.

    Examples
    --------
    >>> differences({"group 'a'": {"n": 3}}, {"group 'a'": {"n": 0}})
    ["group 'a'['n'] was 3, is 0"]
    """
    found: list[str] = []
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            found.append(f"{name} was {_quote(before[name])}, is gone")
        elif name not in before:
            found.append(f"{name} was not there, is {_quote(after[name])}")
        else:
            found.extend(_difference(name, before[name], after[name], 0))
        if len(found) > _TOLD_MAX:
            return [*found[:_TOLD_MAX], "and more"]
    return found


def _difference(path: str, before: Any, after: Any, depth: int) -> Iterator[str]:
    """Yield where two values differ, deepest first known part."""
    if type(before) is not type(after):
        yield f"{path} was {_quote(before)}, is {_quote(after)}"
    elif depth > _DEPTH_MAX or before is after:
        return
    elif isinstance(before, Mapping):
        yield from _of_mappings(path, before, after, depth)
    elif isinstance(before, (list, tuple, deque)):
        yield from _of_sequences(path, before, after, depth)
    elif isinstance(before, (*_ATOMS, Set, bytearray, Point, Batch)):
        if repr(before) != repr(after) and not (isinstance(before, Set) and before == after):
            yield f"{path} was {_quote(before)}, is {_quote(after)}"
    elif hasattr(before, "tobytes"):  # arrays
        if before.tobytes() != after.tobytes():
            yield f"{path} was {_quote(before)}, is {_quote(after)}"
    elif not callable(before):
        for name, value in parts_of(before).items():
            if name in parts_of(after):
                yield from _difference(f"{path}.{name}", value, parts_of(after)[name], depth + 1)


def _of_mappings(path: str, before: Any, after: Any, depth: int) -> Iterator[str]:
    for key in before:
        if key not in after:
            yield f"{path}[{key!r}] was {_quote(before[key])}, is gone"
        else:
            yield from _difference(f"{path}[{key!r}]", before[key], after[key], depth + 1)
    for key in after:
        if key not in before:
            yield f"{path}[{key!r}] was not there, is {_quote(after[key])}"


def _of_sequences(path: str, before: Any, after: Any, depth: int) -> Iterator[str]:
    if len(before) != len(after):
        yield f"{path} had {len(before)} items, has {len(after)}"
        return
    if isinstance(before, deque) and before.maxlen != after.maxlen:
        yield f"{path} had maxlen {before.maxlen}, has {after.maxlen}"
    for index, (one, other) in enumerate(zip(before, after, strict=True)):
        yield from _difference(f"{path}[{index}]", one, other, depth + 1)


def weight(value: Any) -> int:
    """Return how much a value holds: one for each number, the length of each text.

    What a deque with a `maxlen` holds counts as if it were full: it will be.

    Examples
    --------
    >>> weight({"n": 3, "last": [1.5, 2.5]}), weight(deque([1.5], maxlen=100))
    (8, 100)
    """
    return _weight(value, 0, set())


def _weight(value: Any, depth: int, seen: set[int]) -> int:
    if isinstance(value, (str, bytes, bytearray)):
        return len(value)
    if isinstance(value, _ATOMS):
        return 1
    if depth > _DEPTH_MAX or id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, deque) and value.maxlen is not None:
        heaviest = max((_weight(item, depth + 1, seen) for item in value), default=1)
        return value.maxlen * heaviest
    if isinstance(value, Mapping):
        return sum(
            _weight(key, depth + 1, seen) + _weight(item, depth + 1, seen)
            for key, item in value.items()
        )
    if isinstance(value, (list, tuple, deque, Set)):
        return sum(_weight(item, depth + 1, seen) for item in value)
    if isinstance(value, (Point, Batch)):
        return 1
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    return (
        0
        if callable(value)
        else sum(_weight(item, depth + 1, seen) for item in parts_of(value).values())
    )


def _quote(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _QUOTE_MAX else f"{text[: _QUOTE_MAX - 1]}…"
