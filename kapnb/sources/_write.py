"""Recordings written as ``kapacitor record`` writes them, so that ``kapacitor replay`` takes them.

The text within is `_recording_text`'s affair. The packing is reproducible: the same items give
the same bytes. What a format cannot hold is refused with the item at fault, and nothing is
written then.
"""

from __future__ import annotations

import functools
import gzip
import heapq
import operator
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kapnb._files import whole_file
from kapnb._progress import track
from kapnb.errors import SourceError
from kapnb.model import BATCH, Batch, Point, Source
from kapnb.sources._files import StrPath
from kapnb.sources._names import names_of
from kapnb.sources._open import open_source
from kapnb.sources._recording_text import batch_line, stream_lines
from kapnb.sources._windows import Queried

__all__ = ["SUFFIXES", "write_recording"]

SUFFIXES = (".brpl", ".srpl")


def write_recording(
    data: Any,
    path: StrPath,
    *,
    time: str | None = None,
    tags: Iterable[str] = (),
    name: str | None = None,
    group_by: Iterable[str] = (),
    by_measurement: bool = False,
    period: int | str | None = None,
    every: int | str | None = None,
    database: str | None = None,
    retention_policy: str | None = None,
    queries: Iterable[Any] = (),
) -> int:
    r"""Write `data` as a recording that ``kapacitor replay`` takes.

    Parameters
    ----------
    data : Source, DataFrame, path, or iterable of Point or Batch
        What `open_source` takes.
    path : str or path
        ``.srpl`` for a stream recording, ``.brpl`` for a batch recording. The file is written
        whole or not at all.
    time, tags, name
        See `open_source`.
    group_by : iterable of str, optional
        For batches made of points: the tags they are grouped by, ``"*"`` for all. A stream
        recording keeps no groups; there it only says which columns are tags.
    by_measurement : bool
        For batches made of points: whether the measurement is part of the group.
    period, every : int in nanoseconds or str as in ``"10s"``, optional
        For batches made of points: the windows, see `Queried`. By default all points of a
        group are one batch.
    database, retention_policy : str, optional
        For the points of a stream recording, instead of their own. Kapacitor hands a replayed
        point only to tasks that have both among their ``dbrp``. With a database alone the
        retention policy of points that have none is ``autogen``.
    queries : iterable, optional
        For a batch recording: the data of the task's further query nodes, as `data`.

    Returns
    -------
    int
        How many points or batches were written.

    Raises
    ------
    SourceError
        If `data` cannot be read, has no items, or holds what the format cannot: a string field
        with a line break or a line of 64 KiB in a stream, NaN or infinity in either.
    TargetError
        If the file cannot be written.

    Notes
    -----
    Batches become a stream in the order of time, each point with its batch's name and tags; as
    after ``kapacitor record query -type stream``. Numbers of a batch recording are doubles when
    they are read, whatever they were: so Kapacitor's replay has it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> points = [Point({"usage": 0.5, "n": 3}, time=0, name="cpu", tags={"host": "a"})]
    >>> write_recording(points, f"{folder.name}/cpu.srpl", database="telegraf")
    1
    >>> print(gzip.open(f"{folder.name}/cpu.srpl", "rt").read())
    telegraf
    autogen
    cpu,host=a n=3i,usage=0.5 0
    <BLANKLINE>
    >>> folder.cleanup()
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise SourceError(
            f"the suffix {path.suffix!r} is none of a recording; it must be one of "
            f"{' '.join(SUFFIXES)}",
            os.fspath(path),
        )
    group_by = names_of(group_by)
    grouped = [key for key in group_by if key != "*"]
    opened = functools.partial(open_source, time=time, tags=tags, name=name, group_by=grouped)
    source = opened(data)
    if path.suffix == ".srpl":
        if period or every or list(queries):
            raise SourceError("period, every and queries are for a .brpl file", os.fspath(path))
        return _write_stream(_points(source), path, database, retention_policy)
    if database is not None or retention_policy is not None:
        raise SourceError("a batch recording keeps no database and no policy", os.fspath(path))
    sources = [source, *map(opened, queries)]
    entries = [
        each
        if each.edge is BATCH and not (period or every or group_by or by_measurement)
        else Queried(
            each, group_by=group_by, by_measurement=by_measurement, period=period, every=every
        )
        for each in sources
    ]
    return _write_batches(entries, path)


# ------------------------------------------------------------------------- streams


def _points(source: Source) -> Iterator[Point]:
    """Yield the points of a Source; those of batches in the order of time, named and tagged."""
    if source.edge is not BATCH:
        for point in track(source, "recording", unit="points"):
            assert isinstance(point, Point)
            yield point
        return
    runs = []
    for batch in track(source, "recording", unit="batches"):
        assert isinstance(batch, Batch)
        points = [
            Point(point.fields, time=point.time, name=batch.name, tags=point.tags or batch.tags)
            for point in batch.points
        ]
        runs.append(sorted(points, key=operator.attrgetter("time")))
    yield from heapq.merge(*runs, key=operator.attrgetter("time"))


def _write_stream(
    points: Iterable[Point], path: Path, database: str | None, policy: str | None
) -> int:
    count = 0
    with whole_file(path) as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        for count, point in enumerate(points, 1):
            packed.write(stream_lines(point, database, policy, f"item {count - 1}"))
        if not count:
            raise SourceError("there are no points, and a recording needs one", os.fspath(path))
    return count


# ------------------------------------------------------------------------- batches


def _write_batches(sources: list[Source], path: Path) -> int:
    count = 0
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for query, source in enumerate(sources):
            # Made by hand it has the oldest date there is, and the bytes are reproducible.
            entry = zipfile.ZipInfo(str(query))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as lines:
                for index, batch in enumerate(track(source, "recording", unit="batches")):
                    assert isinstance(batch, Batch)
                    lines.write(batch_line(batch, f"query {query}, item {index}"))
                    count += 1
        if not count:
            raise SourceError("there are no batches, and a recording needs one", os.fspath(path))
    return count
