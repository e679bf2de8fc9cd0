"""What differs between two values: the paths, and what was and is there."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator, Mapping, Set
from itertools import repeat, zip_longest
from typing import Any, NamedTuple

from kapnb.model import Batch, Point
from kapnb.simulation._checkpoints import parts_of
from kapnb.timemachine._shown import shown

__all__ = ["ABSENT", "Change", "changes"]

_DEPTH_MAX = 20
#: The pairs, by `id`, that two values are parts of.
_Above = tuple[tuple[int, int], ...]
#: An array is told by its places if no more of them differ.
_PLACES_MAX = 4
#: So many changes are told; of a large state all may differ.
_CHANGES_MAX = 200
#: By so many items a sequence may have moved on.
_SHIFT_MAX = 64
_ATOMS = (type(None), bool, int, float, complex, str, bytes, bytearray)
#: Of these, equal texts mean equal values: 1 is not 1.0, NaN is NaN.
_PLAIN = {type(None), bool, int, float, complex, str, bytes}
#: So many items of a long sequence are looked at in one go.
_STRETCH = 4096


class _Absent:
    """What stands for a value where there is none."""

    def __repr__(self) -> str:
        return "—"


#: Stands for a value where there is none: an entry that came, or went.
ABSENT = _Absent()


class Change(NamedTuple):
    """One place of a state that an input changed.

    Attributes
    ----------
    path : str
        As Python would name it: ``state['n']``, ``state[-1]``, ``self.count``.
    before, after : object
        What was and is there; `ABSENT` where there was, or is, nothing.
    """

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.path}: {shown(self.before)} → {shown(self.after)}"


def changes(path: str, before: Any, after: Any) -> list[Change]:
    """Return what `after` holds otherwise than `before`.

    A sequence that has moved on, like a full window, is told by what fell out and what was
    added, not by each of its places. An array of which few places differ is told by those, else
    as a whole. What refers to itself is told once.

    Parameters
    ----------
    path : str
        What to call the values.
    before, after : object

    Examples
    --------
    >>> for change in changes("state", {"n": 1, "last": [1, 2, 3]}, {"n": 2, "last": [2, 3, 4]}):
    ...     print(change)
    state['n']: 1 → 2
    state['last'][0]: 1 → —
    state['last'][-1]: — → 4
    """
    found: list[Change] = []
    for change in _between(path, before, after, ()):
        if len(found) == _CHANGES_MAX:
            found.append(Change("and more", ABSENT, ABSENT))
            break
        found.append(change)
    return found


def _between(path: str, before: Any, after: Any, above: _Above) -> Iterator[Change]:
    pair = id(before), id(after)
    if before is after or pair in above:
        return
    above = (*above, pair)
    if before is ABSENT and isinstance(after, Mapping) and after:
        before = {}
        for key in after:
            yield Change(f"{path}[{key!r}]", ABSENT, after[key])
    elif type(before) is not type(after) or len(above) > _DEPTH_MAX:
        if before is ABSENT or after is ABSENT or _differ(before, after):
            yield Change(path, before, after)
    elif isinstance(before, Mapping):
        yield from _of_mappings(path, before, after, above)
    elif isinstance(before, (list, tuple, deque)):
        yield from _of_sequences(path, before, after, above)
    elif isinstance(before, Set):
        yield from _of_sets(path, before, after)
    elif _is_array(before):
        yield from _of_arrays(path, before, after, above)
    elif _is_whole(before):
        if _differ(before, after):
            yield Change(path, before, after)
    elif not callable(before):
        yield from _of_objects(path, before, after, above)


def _is_whole(value: Any) -> bool:
    """Tell whether a value is compared as one: atoms, arrays, what libraries make."""
    return (
        isinstance(value, (*_ATOMS, Point, Batch))
        or hasattr(value, "tobytes")
        or hasattr(value, "__array__")
    )


def _is_array(value: Any) -> bool:
    return type(value).__name__ == "ndarray" and value.ndim > 0


def _differ(before: Any, after: Any) -> bool:
    """Tell whether two wholes differ; NaN equals itself, 1 is not 1.0."""
    if type(before) is not type(after):
        return True
    if hasattr(before, "equals"):  # a table of pandas
        return not before.equals(after)
    if hasattr(before, "tobytes"):
        same = before.shape == after.shape if hasattr(before, "shape") else True
        return not (same and before.tobytes() == after.tobytes())
    return repr(before) != repr(after)


def _of_arrays(path: str, before: Any, after: Any, above: _Above) -> Iterator[Change]:
    if before.shape != after.shape or before.dtype != after.dtype:
        yield Change(path, before, after)
    elif before.dtype.hasobject:  # its bytes are where the objects lie
        yield from _between(path, before.tolist(), after.tolist(), above)
    elif before.tobytes() != after.tobytes():
        places = _places(before, after)
        if not 0 < len(places) <= _PLACES_MAX:
            yield Change(path, before, after)
            return
        for place in places:
            name = f"{path}[{', '.join(map(str, place))}]"
            yield Change(name, *(_plain(array[place]) for array in (before, after)))


def _plain(value: Any) -> Any:
    """Return a value of an array as Python has it, unless that loses its unit: a time."""
    return value if value.dtype.kind in "mM" else value.item()


def _places(before: Any, after: Any) -> list[tuple[int, ...]]:
    """Return where two arrays of plain values differ; 0.0 and -0.0 do not, nor does NaN."""
    differs = before != after
    if before.dtype.kind in "fcmM":
        differs &= (before == before) | (after == after)
    return [tuple(map(int, place)) for place in zip(*differs.nonzero(), strict=True)]


def _of_objects(path: str, before: Any, after: Any, above: _Above) -> Iterator[Change]:
    ones, others = parts_of(before), parts_of(after)
    told = False
    for change in _of_names(path, ones, others, above):
        told = True
        yield change
    if told or ((ones or others) and not _has_own_way(type(before))):
        return
    # A generator of random numbers holds more than its attributes; what it is pickled as says so.
    try:
        reduced = [one.__reduce_ex__(pickle.HIGHEST_PROTOCOL) for one in (before, after)]
    except Exception:  # it cannot be
        differs = not ones and not others and _differ(before, after)
    else:
        differs = _differs_somewhere(_unrolled(reduced[0]), _unrolled(reduced[1]), above)
    if differs:
        yield Change(path, before, after)


def _has_own_way(kind: type) -> bool:
    """Tell whether objects of a class are pickled otherwise than by their attributes."""
    ways = "__reduce__", "__reduce_ex__"
    return any(getattr(kind, way) is not getattr(object, way) for way in ways)


def _unrolled(reduced: Any) -> Any:
    """Return what pickle makes of an object, with the items that it gets by iterators."""
    if isinstance(reduced, str):
        return reduced
    return [*reduced[:3], *(list(items or ()) for items in reduced[3:5])]


def _of_mappings(path: str, before: Any, after: Any, above: _Above) -> Iterator[Change]:
    for key in before:
        name = f"{path}[{shown(key)}]"
        if key not in after:
            yield Change(name, before[key], ABSENT)
        else:
            yield from _between(name, before[key], after[key], above)
    for key in after:
        if key not in before:
            yield Change(f"{path}[{shown(key)}]", ABSENT, after[key])


def _of_names(path: str, before: Any, after: Any, above: _Above) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        one, other = before.get(name, ABSENT), after.get(name, ABSENT)
        yield from _between(f"{path}.{name}", one, other, above)


def _of_sequences(path: str, before: Any, after: Any, above: _Above) -> Iterator[Change]:
    ones, others = list(before), list(after)
    shift = _shift(ones, others, above)
    if shift is not None:
        kept = len(ones) - shift
        added = len(others) - kept
        for place in range(shift):
            yield Change(f"{path}[{place}]", ones[place], ABSENT)
        for place in range(added):
            yield Change(f"{path}[{place - added}]", ABSENT, others[kept + place])
        return
    for start in range(0, max(len(ones), len(others)), _STRETCH):
        stretch = ones[start : start + _STRETCH], others[start : start + _STRETCH]
        if _alike_at_a_glance(*stretch):
            continue
        for place, (one, other) in enumerate(zip_longest(*stretch, fillvalue=ABSENT), start):
            yield from _between(f"{path}[{place}]", one, other, above)


def _shift(before: list[Any], after: list[Any], above: _Above) -> int | None:
    """Return how many items fell out in front, if nothing else but additions happened."""
    for shift in range(min(len(before), _SHIFT_MAX) + 1):
        kept = len(before) - shift
        if 0 < kept <= len(after) and _has_moved(before, after, shift, above):
            return shift if shift or len(after) > kept else None
    return 0 if not before else len(before) if not after else None


def _has_moved(before: list[Any], after: list[Any], shift: int, above: _Above) -> bool:
    """Tell whether `after` begins with what is left of `before`; the first difference is enough."""
    for start in range(shift, len(before), _STRETCH):
        ones = before[start : start + _STRETCH]
        others = after[start - shift : start - shift + len(ones)]
        if _differs_somewhere(ones[0], others[0], above) or not (
            _alike_at_a_glance(ones, others)
            or not any(map(_differs_somewhere, ones, others, repeat(above)))
        ):
            return False
    return True


def _differs_somewhere(one: Any, other: Any, above: _Above) -> bool:
    """Tell whether two values differ at all."""
    return next(_between("", one, other, above), None) is not None


def _alike_at_a_glance(ones: list[Any], others: list[Any]) -> bool:
    """Tell whether two lists of plain values are equal; False if that takes a closer look."""
    return (
        len(ones) == len(others)
        and {*map(type, ones), *map(type, others)} <= _PLAIN
        and repr(ones) == repr(others)
    )


def _of_sets(path: str, before: Any, after: Any) -> Iterator[Change]:
    for item in sorted(before - after, key=repr):
        yield Change(f"{path}[{shown(item)}]", item, ABSENT)
    for item in sorted(after - before, key=repr):
        yield Change(f"{path}[{shown(item)}]", ABSENT, item)
