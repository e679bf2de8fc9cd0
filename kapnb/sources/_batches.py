"""The JSON in a batch recording. Text only; `BatchRecording` knows the files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, TypeVar

from kapnb.errors import SourceError
from kapnb.model import Batch, FieldValue, Point, parse_time
from kapnb.sources._damage import AGAIN, Damage

__all__ = ["read_batches"]

_T = TypeVar("_T")


def read_batches(text: str, where: str, cut: str | None = None) -> Iterator[Batch]:
    """Yield the batches of `text`, JSON objects one after another.

    Parameters
    ----------
    text : str
        As much of the recording as there is.
    where : str
        What to call it in errors.
    cut : str, optional
        Why there is no more of it, if that is so.

    Raises
    ------
    Damage
        Where the text breaks off, at the latest at its end if it was cut.
    SourceError
        When a batch that is damaged, with others behind it, is reached; the batches before it
        have been given.
    """
    # Kapacitor's replay decodes every number to a float64.
    decoder = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_number)
    at, line = 0, 1
    while (start := _next(text, at)) < len(text):
        line += text.count("\n", at, start)
        place = f"{where}, line {line}"
        try:
            record, at = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            raise _broken(text, error, where, cut) from None
        except (ValueError, RecursionError) as error:
            raise SourceError(f"the JSON of this batch cannot be used: {error}", place) from None
        line += text.count("\n", start, at)
        batch = _Record(record, place).batch()
        if batch.points:
            yield batch
    if cut:
        raise Damage(f"{cut}; {AGAIN}", f"{where}, line {line + 1}")


def _broken(text: str, error: json.JSONDecodeError, where: str, cut: str | None) -> SourceError:
    """Return what is wrong: damage if nothing but the broken batch follows."""
    place = f"{where}, line {error.lineno}"
    byte = len(text[: error.pos].encode())
    if cut:
        return Damage(f"{cut}, within this batch (byte {byte} of its text); {AGAIN}", place)
    problem = f"the JSON of this batch is damaged or cut off at byte {byte} ({error.msg}); {AGAIN}"
    # A recording has one batch a line, and nothing stands behind one that is cut off.
    if text.find("\n", error.pos) in (-1, len(text) - 1):
        return Damage(problem, place)
    return SourceError(problem, f"{place}, column {error.colno}")


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number of 64 bits")
    return value


class _Record:
    """One JSON object, read with checks."""

    def __init__(self, value: Any, where: str) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise SourceError(f"expected a JSON object, not {_show(value)}", where)
        self.value = value

    def get(self, name: str, kind: type[_T], default: _T) -> _T:
        """Return a member; `default` if it is absent or null."""
        value = self.value.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise SourceError(f"{name!r} must be {_JSON[kind]}, not {_show(value)}", self.where)
        return value

    def time(self, name: str) -> int | None:
        """Return a time in nanoseconds, None if it is absent."""
        text = self.get(name, str, "")
        try:
            return parse_time(text) if text else None
        except ValueError as error:
            raise SourceError(f"{name!r}: {error}", self.where) from None

    def tags(self) -> dict[str, str]:
        """Return the tags."""
        tags = _Record(self.get("tags", dict, {}), self.where)
        return {key: tags.get(key, str, "") for key in tags.value}

    def batch(self) -> Batch:
        """Read the object as a batch."""
        tags = self.tags()
        points = [
            _Record(value, f"{self.where}, point {index}").point(tags)
            for index, value in enumerate(self.get("points", list, []))
        ]
        tmax = self.time("tmax")
        if points and (tmax is None or tmax < points[-1].time):
            tmax = points[-1].time
        return Batch(
            points,
            name=self.get("name", str, ""),
            tags=tags,
            tmax=tmax,
            by_name=self.get("byname", bool, False),
        )

    def point(self, tags: dict[str, str]) -> Point:
        """Read the object as a point of a batch with these tags."""
        time = self.time("time")
        if time is None:
            raise SourceError("the point has no time", self.where)
        fields: dict[str, FieldValue] = {
            key: value for key, value in self.get("fields", dict, {}).items() if value is not None
        }
        if not fields:
            raise SourceError("the point has no fields", self.where)
        try:
            return Point(fields, time=time, tags=self.tags() or tags)
        except (TypeError, ValueError) as error:
            raise SourceError(str(error), self.where) from None


_JSON = {str: "a string", dict: "an object", list: "an array", bool: "true or false"}


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
