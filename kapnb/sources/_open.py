"""Finding the Source that fits what the user has."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kapnb.errors import SourceError
from kapnb.model import BATCH, STREAM, Batch, EdgeType, Point, Source
from kapnb.sources._batch_recording import BatchRecording
from kapnb.sources._csv import Csv
from kapnb.sources._files import StrPath
from kapnb.sources._frames import Frame
from kapnb.sources._influx import InfluxQuery
from kapnb.sources._lines import LineProtocol
from kapnb.sources._names import names_of
from kapnb.sources._parquet import Parquet
from kapnb.sources._stream_recording import StreamRecording
from kapnb.sources._typing import Typing, typed

__all__ = ["Items", "open_source"]

_READERS: dict[str, Callable[..., Source]] = {
    ".brpl": BatchRecording,
    ".csv": Csv,
    ".lp": LineProtocol,
    ".parquet": Parquet,
    ".srpl": StreamRecording,
}
#: Those of files whose columns are what the caller says they are.
_COLUMNED = (".csv", ".parquet")


@dataclass(frozen=True, init=False, repr=False)
class Items:
    """Points, or batches, that are already there.

    Parameters
    ----------
    items : iterable of Point or of Batch
        All of one kind; taken once, when the Source is made.

    Raises
    ------
    SourceError
        If there are none (their kind would be unknown), or they are not all of one kind.

    Examples
    --------
    >>> from kapnb.sources import Items
    >>> points = Items([Point({"usage": 0.5}, time=0), Point({"usage": 0.7}, time=1)])
    >>> points.edge, len(list(points)), len(list(points))
    (STREAM, 2, 2)
    """

    items: tuple[Point | Batch, ...]

    def __init__(self, items: Iterable[Point] | Iterable[Batch]) -> None:
        object.__setattr__(self, "items", tuple(items))
        if not self.items:
            raise SourceError("there are no items, so it is unknown whether points or batches")
        kind = Batch if isinstance(self.items[0], Batch) else Point
        for index, item in enumerate(self.items):
            if not isinstance(item, kind):
                expected = "a Point or a Batch" if index == 0 else f"a {kind.__name__} like item 0"
                raise SourceError(
                    f"expected {expected}, not {_show(item)}{_hint(item)}", f"item {index}"
                )

    @property
    def edge(self) -> EdgeType:
        """STREAM for points, BATCH for batches."""
        return BATCH if isinstance(self.items[0], Batch) else STREAM

    def __iter__(self) -> Iterator[Point | Batch]:
        """Start over from the first item; copies are given, and `items` stay as they are."""
        return (_copy(item) for item in self.items)

    def __repr__(self) -> str:
        one, many = ("batch", "batches") if self.edge is BATCH else ("point", "points")
        return f"Items({len(self.items)} {one if len(self.items) == 1 else many})"


def _copy(item: Point | Batch) -> Point | Batch:
    if isinstance(item, Point):
        return item.copy()
    return Batch(
        (point.copy() for point in item.points),
        name=item.name_or_none,
        tags=item.tags_or_none,
        tmax=item.tmax_or_none,
        by_name=item.by_name_or_none,
    )


def open_source(
    data: Any,
    *,
    time: str | None = None,
    tags: Iterable[str] = (),
    name: str | None = None,
    group_by: Iterable[str] = (),
    typing: Typing = "written",
) -> Source:
    """Return the Source that reads `data`.

    Parameters
    ----------
    data : Source, DataFrame, path, or iterable of Point or Batch
        A file is known by its suffix: ``.csv``, ``.parquet``, ``.lp`` (line protocol),
        ``.srpl`` and ``.brpl`` (recordings of Kapacitor). A text that begins with
        ``influxdb://`` is a query, see `InfluxQuery.from_url`.
    time, tags, name
        For a CSV or Parquet file or a DataFrame only: the column of times, the columns that
        are tags, the measurement.
    group_by : iterable of str, optional
        Tags that are grouped by. Where tags are chosen they are chosen, too, but for a
        DataFrame's columns of floats; other data have them or do not, as Kapacitor takes it.
    typing : {"written", "query", "rest", "telegraf"}
        What becomes of the types of values on the way into Kapacitor, see `typed`.

    Raises
    ------
    SourceError
        If `data` is nothing of the kind, or an argument does not apply to it. A file is
        opened, and errors in it are found, when the Source is iterated.

    Examples
    --------
    >>> open_source([Point({"usage": 0.5}, time=0)])
    Items(1 point)
    >>> open_source("cpu.xlsx")
    Traceback (most recent call last):
    kapnb.errors.SourceError: cpu.xlsx: the suffix '.xlsx' is unknown; \
it must be one of .brpl .csv .lp .parquet .srpl
    """
    return typed(_open(data, time, tags, name, group_by), typing)


def _open(
    data: Any, time: str | None, tags: Iterable[str], name: str | None, group_by: Iterable[str]
) -> Source:
    given = [key for key, value in (("time", time), ("tags", tags), ("name", name)) if value]
    if group_by and _has_columns(data):
        if _is_frame(data):
            _check_grouped(data, names_of(group_by), names_of(tags))
        tags = tuple(dict.fromkeys((*names_of(tags), *names_of(group_by))))
    if _is_frame(data):
        return Frame(data, time=time, tags=tags, name=name)
    if InfluxQuery.is_url(data):
        _check_given(given, "a query")
        return InfluxQuery.from_url(data)
    if isinstance(data, (str, os.PathLike)):
        return _open_file(data, given, time, tags, name)
    _check_given(given, _show(data))
    if isinstance(data, Source):
        return data
    if isinstance(data, Iterable) and not isinstance(data, (Mapping, bytes, bytearray, Point)):
        return Items(data)
    raise SourceError(
        f"{_show(data)} is no source of data; give a DataFrame, the path of a "
        f"{' '.join(_READERS)} file, an iterable of Points or of Batches, or a Source"
    )


def _check_given(given: list[str], what: str, where: str | None = None) -> None:
    if given:
        raise SourceError(
            f"{' and '.join(given)} can be chosen for a CSV or Parquet file or a DataFrame, "
            f"not for {what}, which has its own",
            where,
        )


def _is_frame(data: object) -> bool:
    # Whoever has a DataFrame has imported pandas; nobody else should have to.
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _check_grouped(frame: Any, group_by: Iterable[str], tags: Iterable[str]) -> None:
    """Refuse to make tags of measured values unasked."""
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if name in group_by and name not in tags and getattr(dtype, "kind", "") == "f":
            raise SourceError(
                f"group_by={name!r}: the column holds floats, and what is grouped by is a tag, "
                "which in Kapacitor is text: the points would have no such field, and each value "
                "would be a group. Group by another column; or, if these are names, make them "
                f"text, as with frame[{name!r}].astype(str), or say so with tags=[{name!r}]",
                f"DataFrame, column {name!r}",
            )


def _has_columns(data: object) -> bool:
    """Tell whether it is up to the caller which parts of `data` are tags."""
    if isinstance(data, (str, os.PathLike)):
        return Path(data).suffix.lower() in _COLUMNED
    return _is_frame(data)


def _open_file(
    path: StrPath, given: list[str], time: str | None, tags: Iterable[str], name: str | None
) -> Source:
    suffix = Path(path).suffix.lower()
    if Path(path).is_dir():
        raise SourceError("this is a directory; name one file in it", os.fspath(path))
    if suffix not in _READERS:
        raise SourceError(
            f"the suffix {suffix!r} is unknown; it must be one of {' '.join(_READERS)}",
            os.fspath(path),
        )
    if not Path(path).exists():
        raise SourceError(f"there is no such file (looked from {Path.cwd()})", os.fspath(path))
    if suffix in _COLUMNED:
        chosen = {"time": time} if time else {}
        return _READERS[suffix](path, tags=tags, name=name, **chosen)
    _check_given(given, f"a {suffix} file", os.fspath(path))
    return _READERS[suffix](path)


def _hint(item: object) -> str:
    """Say how what analysts have at hand becomes points."""
    if isinstance(item, Mapping):
        return "; make it a Point({field: value}, time=…), or all of them a pandas.DataFrame"
    if isinstance(item, (int, float)):
        return "; numbers alone have no names: give a DataFrame, as with series.to_frame('value')"
    return ""


def _show(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}"
