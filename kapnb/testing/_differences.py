"""What differs between two messages, in words.

Messages are compared decoded, never as bytes: the order of map entries is random on the wire.
An int is no float here, and 0.0 is not -0.0; Kapacitor tells them apart.
"""

from __future__ import annotations

from typing import Any

from kapnb.model import BeginBatch, EndBatch, InfoResponse, Point

__all__ = ["difference", "exact"]

_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    Point: (
        "time",
        "name",
        "database",
        "retention_policy",
        "dimensions",
        "by_name",
        "tags",
        "fields",
        "group",
    ),
    BeginBatch: ("name", "tags", "size", "by_name", "group"),
    EndBatch: ("name", "tmax", "tags", "by_name", "group"),
    InfoResponse: ("wants", "provides", "options"),
}
#: Longest quotation of a value, in characters.
_QUOTE_MAX = 80


def exact(value: Any) -> Any:
    """Turn a value into one that tells 1 from 1.0 from True, and equals itself if NaN."""
    for kind, names in _ATTRIBUTES.items():
        if isinstance(value, kind):
            return (kind.__name__, *(exact(getattr(value, name)) for name in names))
    if hasattr(value, "items"):
        return {name: exact(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(item) for item in value]
    return (type(value).__name__, repr(value))


def difference(expected: Any, actual: Any) -> str | None:
    """Return what is different about `actual`, or None.

    Parameters
    ----------
    expected, actual : Point, BeginBatch, EndBatch or InfoResponse
        Two messages.

    Examples
    --------
    >>> difference(BeginBatch("cpu", size=1), BeginBatch("cpu", size=2))
    'size is 2 where 1 was expected'
    """
    kind = next(kind for kind in _ATTRIBUTES if isinstance(expected, kind))
    if not isinstance(actual, kind):
        return f"a {type(actual).__name__} came where a {kind.__name__} was expected"
    for name in _ATTRIBUTES[kind]:
        wanted, got = getattr(expected, name), getattr(actual, name)
        if exact(wanted) == exact(got):
            continue
        if hasattr(wanted, "items"):
            return _difference_of_mappings(name, dict(wanted.items()), dict(got.items()))
        return f"{name} is {_quote(got)} where {_quote(wanted)} was expected"
    return None


def _difference_of_mappings(name: str, wanted: dict[str, Any], got: dict[str, Any]) -> str:
    """Name the first entry that is different."""
    for key, value in wanted.items():
        if key not in got:
            return f"{name}[{key!r}] is missing where {_quote(value)} was expected"
        if exact(got[key]) != exact(value):
            return f"{name}[{key!r}] is {_quote(got[key])} where {_quote(value)} was expected"
    more = next(key for key in got if key not in wanted)
    return f"{name}[{more!r}] is {_quote(got[more])} where nothing was expected"


def _quote(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _QUOTE_MAX else f"{text[: _QUOTE_MAX - 1]}…"
