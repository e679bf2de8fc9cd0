"""The kinds of value that a state may hold besides JSON's own. Add one here.

A kind has a name, a type, and two functions: one gives what is written, the other reads it.
Reading may call constructors of the standard library and of kapnb, never user code; it may
raise anything when it reads what was never written. Loaded at the first snapshot or restore,
so that a start does not wait for it.
"""

from __future__ import annotations

import base64
import sys
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeAlias

from kapnb.handler import _classes, _own
from kapnb.handler._codec import MARK, Decoder, Encoder, Misfit, Unkept
from kapnb.model import Batch, BeginBatch, Duration, EndBatch, Fields, Group, Point, Tags

__all__ = ["DECODERS", "ENCODERS", "encoder_of"]

Write: TypeAlias = Callable[[Encoder, Any], Any]
Read: TypeAlias = Callable[[Decoder, Any], Any]

#: What a defaultdict may make, by name.
_FACTORIES: dict[str, type] = {
    factory.__name__: factory
    for factory in (
        *(bool, int, float, complex, str, bytes, bytearray),
        *(list, tuple, dict, set, frozenset, deque, Counter, OrderedDict),
    )
}


def _dict(encoder: Encoder, value: dict[Any, Any]) -> Any:
    if MARK not in value and set(map(type, value)) <= {str}:
        return encoder.named(value, value)
    return {MARK: "dict", "v": encoder.pairs(value)}


def _deque(encoder: Encoder, value: deque[Any]) -> Any:
    return {"v": encoder.items(value), "maxlen": value.maxlen}


def _set(encoder: Encoder, value: set[Any] | frozenset[Any]) -> Any:
    """Sort the items, so that equal states give equal bytes under any hash seed."""
    items = encoder.items(value, "an item of")
    kinds = set(map(type, items))
    if kinds <= {str} or kinds <= {int}:
        return {"v": sorted(items)}
    import json

    return {"v": sorted(items, key=json.dumps)}


def _defaultdict(encoder: Encoder, value: defaultdict[Any, Any]) -> Any:
    factory = value.default_factory
    name = getattr(factory, "__name__", type(factory).__name__)
    if factory is not None and _FACTORIES.get(name) is not factory:
        raise Unkept(
            f"is a defaultdict that calls {name}, which a snapshot cannot hold; its factory may "
            f"be a plain type ({', '.join(_FACTORIES)}) — or keep a dict and use setdefault"
        )
    return {"factory": None if factory is None else name, "v": encoder.pairs(value)}


def _read_defaultdict(decoder: Decoder, value: Any) -> Any:
    factory = value["factory"]
    made = None if factory is None else _FACTORIES[factory]
    return defaultdict(made, decoder.pairs(value["v"]))


def _read_counter(decoder: Decoder, value: Any) -> Any:
    counter: Counter[Any] = Counter()
    dict.update(counter, decoder.pairs(value["v"]))  # its own update would add
    return counter


def _moment(encoder: Encoder, value: datetime | time) -> Any:
    zone = value.tzinfo
    if zone is not None and type(zone) is not timezone:
        raise Unkept(
            f"has the time zone {zone!s:.40}, whose rules a snapshot cannot hold; keep "
            "value.astimezone(timezone.utc)"
        )
    written: dict[str, Any] = {"v": value.isoformat()}
    if value.fold:
        written["fold"] = 1
    if zone is not None and zone.tzname(None) != timezone(zone.utcoffset(None)).tzname(None):
        written["zone"] = zone.tzname(None)
    return written


def _read_moment(kind: Any) -> Read:
    def read(decoder: Decoder, value: Any) -> Any:
        moment = kind.fromisoformat(value["v"])
        if "zone" in value:
            moment = moment.replace(tzinfo=timezone(moment.utcoffset(), value["zone"]))
        return moment.replace(fold=value.get("fold", 0))

    return read


def _array(encoder: Encoder, value: array[Any]) -> Any:
    if value.typecode in "uw":
        raise Unkept(f"is an array of the type {value.typecode!r}; keep a str")
    return {"type": value.typecode, "v": encoder.items(value.tolist())}


def _read_array(decoder: Decoder, value: Any) -> Any:
    if value["type"] in ("u", "w"):
        raise ValueError("an array of text")
    return array(value["type"], decoder.items(value["v"]))


def _read_float(decoder: Decoder, value: Any) -> float:
    return {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}[value["v"]]


def _read_decimal(decoder: Decoder, value: Any) -> Decimal:
    if type(value["v"]) is not str:
        raise TypeError("a Decimal that is no text")
    return Decimal(value["v"])


def _bytes(encoder: Encoder, value: bytes | bytearray) -> Any:
    return {"v": base64.b64encode(value).decode()}


def _read_bytes(kind: type) -> Read:
    return lambda decoder, value: kind(base64.b64decode(value["v"], validate=True))


def _items(encoder: Encoder, value: Any) -> Any:
    return {"v": encoder.items(value)}


def _read_items(kind: Callable[[list[Any]], Any]) -> Read:
    return lambda decoder, value: kind(decoder.items(value["v"]))


def _pairs(encoder: Encoder, value: Any) -> Any:
    return {"v": encoder.pairs(value)}


def _read_pairs(kind: Callable[[list[Any]], Any]) -> Read:
    return lambda decoder, value: kind(decoder.pairs(value["v"]))


def _parts(kind: type, *names: str) -> Write:
    """Write attributes that are numbers."""
    return lambda encoder, value: {
        "v": encoder.items([kind(getattr(value, name)) for name in names])
    }


def _read_ints(kind: Callable[..., Any], count: int) -> Read:
    def read(decoder: Decoder, value: Any) -> Any:
        parts = decoder.items(value["v"])
        if len(parts) != count or not all(type(part) is int for part in parts):
            raise ValueError(f"{count} ints were expected")
        return kind(*parts)

    return read


def _read_complex(decoder: Decoder, value: Any) -> complex:
    real, imaginary = decoder.items(value["v"])
    return complex(float(real), float(imaginary))


def _text(encoder: Encoder, value: Any) -> Any:
    return {"v": str(value)}


def _read_int(decoder: Decoder, value: Any) -> int:
    return int(value["v"], 16)


#: Name, type, writer, reader. Where there is no writer, `Encoder` or another kind writes it.
KINDS: tuple[tuple[str, type | None, Write | None, Read], ...] = (
    ("float", None, None, _read_float),
    ("int", None, None, _read_int),
    ("tuple", tuple, _items, _read_items(tuple)),
    ("set", set, _set, _read_items(set)),
    ("frozenset", frozenset, _set, _read_items(frozenset)),
    ("deque", deque, _deque, lambda d, v: deque(d.items(v["v"]), v["maxlen"])),
    ("dict", None, None, _read_pairs(dict)),
    ("Counter", Counter, _pairs, _read_counter),
    ("OrderedDict", OrderedDict, _pairs, _read_pairs(OrderedDict)),
    ("defaultdict", defaultdict, _defaultdict, _read_defaultdict),
    ("bytes", bytes, _bytes, _read_bytes(bytes)),
    ("bytearray", bytearray, _bytes, _read_bytes(bytearray)),
    ("complex", complex, _parts(float, "real", "imag"), _read_complex),
    ("range", range, _parts(int, "start", "stop", "step"), _read_ints(range, 3)),
    ("datetime", datetime, _moment, _read_moment(datetime)),
    ("date", date, _text, lambda d, v: date.fromisoformat(v["v"])),
    ("time", time, _moment, _read_moment(time)),
    (
        "timedelta",
        timedelta,
        _parts(int, "days", "seconds", "microseconds"),
        _read_ints(timedelta, 3),
    ),
    ("Decimal", Decimal, _text, _read_decimal),
    ("array", array, _array, _read_array),
    ("Duration", Duration, lambda e, v: {"v": int(v)}, lambda d, v: _own.read_duration(v)),
    ("Point", Point, _own.write_point, _own.read_point),
    ("Batch", Batch, _own.write_batch, _own.read_batch),
    ("Group", Group, _own.write_record, _own.read_record),
    ("BeginBatch", BeginBatch, _own.write_record, _own.read_record),
    ("EndBatch", EndBatch, _own.write_record, _own.read_record),
    ("dataclass", None, None, _classes.read_dataclass),
    ("namedtuple", None, None, _classes.read_namedtuple),
    ("enum", None, None, _classes.read_enum),
    ("numpy", None, None, lambda d, v: _arrays().read_array(d, v)),
    ("numpy.str", None, None, lambda d, v: _arrays().read_text(d, v)),
)


def _marked(name: str, write: Write) -> Write:
    return lambda encoder, value: {MARK: name, **write(encoder, value)}


DECODERS: dict[str, Read] = {name: read for name, _, _, read in KINDS}
#: By exact type: a subclass may behave in any other way.
ENCODERS: dict[type, Write] = {
    list: lambda encoder, value: encoder.items(value),
    dict: _dict,
    **{kind: _marked(name, write) for name, kind, write, _ in KINDS if kind and write},
}


def encoder_of(encoder: Encoder, value: Any) -> Write:
    """Return what writes values of a type that is not in the table.

    Raises
    ------
    Unkept
        If nothing does.
    """
    kind = type(value)
    if (found := _classes.writer_of(encoder, kind)) is not None:
        return found
    if isinstance(value, Point) and kind.__module__.startswith("kapnb."):  # from the wire
        return ENCODERS[Point]
    numpy = sys.modules.get("numpy")  # a NumPy value cannot exist before NumPy is imported
    if numpy is not None and issubclass(kind, (numpy.ndarray, numpy.generic)):
        write: Write = _arrays().writer_of(kind)
        return write
    raise Unkept(_refusal(value))


def _arrays() -> Any:
    try:
        from kapnb.handler import _arrays
    except ImportError as error:
        raise Misfit("it holds NumPy values, and NumPy cannot be imported here") from error
    return _arrays


def _refusal(value: Any) -> str:
    """Say what a value is that cannot be kept, and what to do."""
    kind = type(value)
    if isinstance(value, (Fields, Tags)):
        return "is a point's mapping; keep the point, or dict(…) of the mapping"
    if callable(value):
        return (
            f"is a {kind.__name__}, and code is never kept in a snapshot; make it in init() and "
            "keep it on self"
        )
    plain = next((base for base in kind.__mro__ if base in ENCODERS or base in _SCALARS), None)
    if plain is not None:
        return (
            f"is a {kind.__name__}, a kind of {plain.__name__} whose own part would be lost; keep "
            f"a plain {plain.__name__}, or a dataclass with one inside"
        )
    return (
        f"is a {kind.__name__}, which cannot be kept in a snapshot; keep plain values or a "
        "dataclass in the state, or override snapshot() and restore()"
    )


_SCALARS = (bool, int, float, str)
