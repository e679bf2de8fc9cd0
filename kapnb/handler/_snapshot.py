"""The snapshot format: per-group state as bytes that run nothing when read.

JSON, because a snapshot outlives the code that wrote it and must be readable by the person
who wonders what is in it. What JSON lacks is wrapped: ``{"!": kind, ...}``. No pickle: bytes
from a database must never become code.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import sys
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from kapnb.errors import SnapshotError

__all__ = ["FORMAT", "pack", "unpack"]

#: Version of the format; raised when a reader of today could not read it.
FORMAT = 1
_MARK = "!"


def pack(groups: Mapping[str, Any], header: Mapping[str, Any]) -> bytes:
    """Return group states as bytes.

    Parameters
    ----------
    groups : mapping of group id to state
        States made of None, bool, int, float, str, bytes, list, tuple, dict, set, frozenset,
        deque, dataclasses and NumPy arrays.
    header : mapping of str to str
        What the reader must find unchanged, such as the Handler's name and options.

    Raises
    ------
    SnapshotError
        If a state holds anything else; the message names group and place.
    """
    states = {}
    for group, state in groups.items():
        try:
            states[group] = _encode(state, "state")
        except SnapshotError as error:
            raise SnapshotError(f"group {group!r}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise SnapshotError(f"group {group!r} cannot be kept: {error}") from error
    document = {"kapnb": FORMAT, "header": dict(header), "groups": states}
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError) as error:  # an int of thousands of digits
        raise SnapshotError(f"a state cannot be kept: {error}") from error
    return text.encode(errors="surrogatepass")  # as json.loads reads it


def unpack(
    data: bytes, header: Mapping[str, Any], find_class: Callable[[str], type | None]
) -> dict[str, Any]:
    """Return the group states of a snapshot.

    Parameters
    ----------
    data : bytes
        What `pack` returned.
    header : mapping of str to str
        Must equal the one the snapshot was taken with.
    find_class : callable
        Name of a dataclass → the class, or None if there is no such class.

    Raises
    ------
    SnapshotError
        If the bytes are no snapshot, of another format, or taken under another header.
    """
    try:
        document = json.loads(data)
        version, found = document["kapnb"], dict(document["header"])
        groups = document["groups"]
        items = list(groups.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SnapshotError(f"{len(data)} bytes that are no kapnb snapshot") from error
    if version != FORMAT:
        raise SnapshotError(f"snapshot format {version}; this kapnb reads format {FORMAT}")
    for key, value in header.items():
        if found.get(key) != value:
            raise SnapshotError(f"taken with {key} {found.get(key)!r}, now {value!r}")
    try:
        return {group: _decode(state, find_class) for group, state in items}
    except Exception as error:  # damaged bytes fail in any of the decoders, in any way
        raise SnapshotError(f"a damaged snapshot: {error!r}") from error


def _encode(value: Any, place: str) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {_MARK: "float", "v": repr(value)}
    if kind is list:
        return [_encode(item, f"{place}[{index}]") for index, item in enumerate(value)]
    if kind is dict:
        return _encode_dict(value, place)
    if kind is deque:
        items = [_encode(item, f"{place}[{index}]") for index, item in enumerate(value)]
        return {_MARK: "deque", "v": items, "maxlen": value.maxlen}
    if kind is tuple:
        items = [_encode(item, f"{place}[{index}]") for index, item in enumerate(value)]
        return {_MARK: "tuple", "v": items}
    if kind in (set, frozenset):
        # Sorted by text, so that equal states give equal bytes under any hash seed.
        items = sorted((_encode(item, place) for item in value), key=json.dumps)
        return {_MARK: kind.__name__, "v": items}
    if kind in (bytes, bytearray):
        return {_MARK: kind.__name__, "v": base64.b64encode(value).decode()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: _encode(getattr(value, field.name), f"{place}.{field.name}")
            for field in dataclasses.fields(value)
        }
        return {_MARK: "dataclass", "class": kind.__qualname__, "v": fields}
    return _encode_numpy(value, place)


def _encode_dict(value: dict[Any, Any], place: str) -> Any:
    if all(type(key) is str for key in value) and _MARK not in value:
        return {key: _encode(item, f"{place}[{key!r}]") for key, item in value.items()}
    pairs = [
        [_encode(key, f"a key of {place}"), _encode(item, f"{place}[{key!r}]")]
        for key, item in value.items()
    ]
    return {_MARK: "dict", "v": pairs}


def _encode_numpy(value: Any, place: str) -> Any:
    numpy = sys.modules.get("numpy")  # a NumPy value cannot exist before NumPy is imported
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        if not value.dtype.itemsize and not value.shape:  # NumPy's empty text
            return _encode(value.item(), place)
        if value.dtype.kind in "biufcSUmM":
            return {
                _MARK: "numpy",
                "dtype": value.dtype.str,
                "shape": list(value.shape) if isinstance(value, numpy.ndarray) else None,
                "v": base64.b64encode(numpy.ascontiguousarray(value).tobytes()).decode(),
            }
        raise SnapshotError(f"{place} is a NumPy array of {value.dtype}, which cannot be kept")
    raise SnapshotError(
        f"{place} is a {type(value).__name__}, which cannot be kept in a snapshot; keep plain "
        "values in the state, or override snapshot() and restore()"
    )


def _decode(value: Any, find_class: Callable[[str], type | None]) -> Any:
    if isinstance(value, list):
        return [_decode(item, find_class) for item in value]
    if not isinstance(value, dict):
        return value
    if _MARK not in value:
        return {key: _decode(item, find_class) for key, item in value.items()}
    kind, inner = value[_MARK], value["v"]
    if kind == "float":
        return float(inner)
    if kind in ("bytes", "bytearray"):
        data = base64.b64decode(inner, validate=True)
        return bytearray(data) if kind == "bytearray" else data
    if kind == "dict":
        return {_decode(key, find_class): _decode(item, find_class) for key, item in inner}
    if kind == "deque":
        return deque((_decode(item, find_class) for item in inner), value["maxlen"])
    if kind in _COLLECTIONS:
        return _COLLECTIONS[kind](_decode(item, find_class) for item in inner)
    if kind == "dataclass":
        return _decode_dataclass(value["class"], inner, find_class)
    if kind == "numpy":
        return _decode_numpy(value, inner)
    raise ValueError(f"unknown kind {kind!r}")


_COLLECTIONS: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}


def _decode_dataclass(
    name: str, fields: dict[str, Any], find_class: Callable[[str], type | None]
) -> Any:
    """Rebuild a dataclass without calling its __init__, which may do anything."""
    found = find_class(name)
    if found is None or not dataclasses.is_dataclass(found):
        raise ValueError(f"there is no dataclass {name!r} now")
    expected = {field.name for field in dataclasses.fields(found)}
    if expected != fields.keys():
        raise ValueError(f"dataclass {name!r} has other fields now")
    instance = object.__new__(found)
    for key, item in fields.items():
        object.__setattr__(instance, key, _decode(item, find_class))
    return instance


def _decode_numpy(value: dict[str, Any], inner: str) -> Any:
    import numpy as np  # the state needs it anyway

    array = np.frombuffer(base64.b64decode(inner, validate=True), dtype=value["dtype"]).copy()
    return array[0] if value["shape"] is None else array.reshape(value["shape"])
