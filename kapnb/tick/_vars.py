"""The file of values for a script's variables, as ``kapacitor define -vars`` reads it.

JSON: each name has a type and a value. Durations are text such as ``10s`` or nanoseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from kapnb.errors import KapnbError, SourceError
from kapnb.model import Duration
from kapnb.tick._ast import Declaration, Position, Regex, Star
from kapnb.tick._parser import parse

__all__ = ["read_vars"]


def read_vars(path: str | PathLike[str]) -> dict[str, Any]:
    """Return the values of a vars file by name, as `kapnb.tick.evaluate` takes them.

    Raises
    ------
    SourceError
        If the file cannot be read, or a variable has no type or value of that type.
    """
    where = str(path)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"cannot be read: {error}", where) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"is not UTF-8: {error}", where) from error
    except json.JSONDecodeError as error:
        raise SourceError(f"is no JSON: {error.msg}", f"{where}, line {error.lineno}") from None
    if not isinstance(content, dict):
        raise SourceError('expected an object: {"name": {"type": …, "value": …}, …}', where)
    return {name: _value(entry, f"{where}, variable {name!r}") for name, entry in content.items()}


def _value(entry: Any, where: str) -> Any:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("type"), str):
        raise SourceError('expected an object with "type" and "value"', where)
    kind, value = entry["type"], entry.get("value")
    if kind not in _READERS:
        raise SourceError(f"type {kind!r} is none of {', '.join(_READERS)}", where)
    try:
        return _READERS[kind](value, where)
    except (TypeError, ValueError, KapnbError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{value!r} is no {kind}: {error}", where) from None


def _plain(*kinds: type) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"it is a {type(value).__name__}")
        return kinds[-1](value)

    return read


def _duration(value: Any, where: str) -> Duration:
    if type(value) is int:
        return Duration(value)
    return Duration.parse(_plain(str)(value, where))


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"it is a {type(value).__name__}")
    return [_value(item, f"{where}, item {index}") for index, item in enumerate(value)]


def _lambda(value: Any, where: str) -> Any:
    text = _plain(str)(value, where)
    (declaration,) = parse(f"var x = lambda: {text.removeprefix('lambda:')}").statements
    assert isinstance(declaration, Declaration)
    return declaration.value


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "bool": _plain(bool),
    "int": _plain(int),
    "float": _plain(int, float),
    "string": _plain(str),
    "duration": _duration,
    "regex": lambda value, where: Regex(_plain(str)(value, where), position=Position(0, 0)),
    "lambda": _lambda,
    "list": _list,
    "star": lambda value, where: Star(),
}
