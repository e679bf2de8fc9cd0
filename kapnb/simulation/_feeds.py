"""The data of a task: what its ``stream`` or its queries get.

Points flow into ``stream`` in the order of their time across sources. Each ``|query`` gets the
batches of its entry in a recording, or batches made of points as InfluxDB would answer.
"""

from __future__ import annotations

import contextlib
import csv
import heapq
import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kapnb.errors import SourceError
from kapnb.model import BATCH, STREAM, Batch, Point, Source
from kapnb.simulation._edges import known_size
from kapnb.simulation._queries import answered
from kapnb.sources import BatchRecording, Typing, open_source
from kapnb.sources._zip import names, walk
from kapnb.tick import Task, TaskNode
from kapnb.tick.nodes._messages import FlowBatch, flow_batch, flow_point

__all__ = ["Feed"]

_DATABASE, _RETENTION_POLICY = "telegraf", "autogen"


@dataclass
class Feed:
    """Where the data of a task comes from, and what points lack.

    Parameters
    ----------
    task : Task
    data : object
        What `simulate` takes; also a mapping of measurement to DataFrame or file, or a list of
        files.
    time, tags, name
        As `simulate` has them. A single table without a name has the measurement that all
        ``from()`` select; of several files each has its own.
    typing
        As `simulate` has it; numbers of a batch recording are floats in any case.
    database, retention_policy : str, optional
        Of points that have none. By default those of the script: of its first ``dbrp``, or of
        its ``from()`` if all that name one agree; else ``telegraf`` and ``autogen``.

    Attributes
    ----------
    seen : set of tuple
        Database, retention policy and measurement of the points so far.
    excluded : int
        How many points the script's ``dbrp`` keeps from the task.
    """

    task: Task
    data: Any
    time: str | None = None
    tags: Iterable[str] = ()
    name: str | None = None
    database: str | None = None
    retention_policy: str | None = None
    typing: Typing = "written"
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    excluded: int = 0

    def __post_init__(self) -> None:
        self.tags = (self.tags,) if isinstance(self.tags, str) else tuple(self.tags)
        dbrp = next(iter(self.task.dbrps), ("", ""))
        self.database = self.database or dbrp[0] or self._agreed("database") or _DATABASE
        self.retention_policy = (
            self.retention_policy or dbrp[1] or self._agreed("retentionPolicy") or _RETENTION_POLICY
        )
        self.sources = [self._open(data, name) for data, name in self._parts()]

    def _agreed(self, name: str) -> str:
        """Return what all ``from()`` that set a property set it to, or nothing."""
        values = {
            node.last(name) for node in self.task.nodes if node.kind == "from" and node.uses(name)
        }
        return values.pop() if len(values) == 1 else ""

    def _parts(self) -> list[tuple[Any, str | None]]:
        """Return each piece of the data with the measurement of its points, if that is given."""
        data = self.data
        if isinstance(data, Mapping):
            return [(part, str(name)) for name, part in data.items()]
        if isinstance(data, list | tuple) and data and all(_is_path(part) for part in data):
            if len(data) > 1:
                return [(part, self.name) for part in data]
            data = data[0]
        return [(data, self.name or self._agreed("measurement") or None)]

    def _open(self, data: Any, name: str | None) -> Source:
        if _is_path(data) and Path(data).suffix.lower() == ".brpl" and Path(data).is_file():
            return _Recorded(Path(data))
        columns = _columns(data)
        if columns is None:
            return open_source(data, typing=self.typing)
        grouped = [tag for tag in self._grouping() if tag in columns]
        tags = tuple(dict.fromkeys((*self.tags, *grouped)))
        return open_source(data, time=self.time, tags=tags, name=name, typing=self.typing)

    def _grouping(self) -> Iterator[str]:
        """Yield the names of tags that the script groups by."""
        for node in self.task.nodes:
            for used in node.properties:
                if used.name in ("groupBy", "exclude"):
                    yield from (name for name in used.arguments if isinstance(name, str))
            if node.kind == "groupBy":
                yield from (name for name in node.arguments if isinstance(name, str))

    @property
    def size(self) -> int | None:
        """How many points or batches there are, if that can be told without reading them."""
        if self.task.edge is BATCH:
            return None  # what the queries make of points is not known
        sizes = [known_size(source) for source in self.sources]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def _queries(self) -> list[TaskNode]:
        return [node for node in self.task.nodes if node.kind == "query"]

    # ---------------------------------------------------------------------- reading

    def points(self) -> Iterator[Point]:
        """Yield the points for a stream task.

        Raises
        ------
        SourceError
            If the data is batches, or a point has no time.
        """
        if any(source.edge is BATCH for source in self.sources):
            raise SourceError(
                "the script is a stream task and the data is batches; give it points "
                "(.srpl, .lp, .csv, DataFrame)"
            )
        return self._merged()

    def _merged(self) -> Iterator[Point]:
        streams = [self._flowing(source) for source in self.sources]
        if len(streams) == 1:
            return streams[0]
        return heapq.merge(*streams, key=lambda point: point.time)

    def _flowing(self, source: Source) -> Iterator[Point]:
        database, policy = self.database or "", self.retention_policy or ""
        seen, dbrps = self.seen, frozenset(self.task.dbrps)
        for index, point in enumerate(source):
            assert isinstance(point, Point)
            if not point.has_time:
                raise SourceError("a point of the data needs a time", f"item {index}")
            flowing = flow_point(point, database=database, retention_policy=policy)
            seen.add((flowing.database, flowing.retention_policy, flowing.name))
            if dbrps and (flowing.database, flowing.retention_policy) not in dbrps:
                self.excluded += 1  # of these the task master gives the task none
            else:
                yield flowing

    def batches(self) -> Iterator[tuple[int, Batch]]:
        """Yield batches for a batch task, each with the number of its query, from 0.

        Those of several queries are in the order of their tmax.

        Raises
        ------
        SourceError
            If the data does not fit the queries.
        """
        queries = self._queries()
        if all(source.edge is STREAM for source in self.sources):
            points = list(self._merged())
            streams = [answered(query, points) for query in queries]
        else:
            streams = self._replayed(len(queries))
        numbered = [_numbered(number, stream) for number, stream in enumerate(streams)]
        if len(numbered) == 1:
            return numbered[0]
        return heapq.merge(*numbered, key=lambda item: item[1].tmax)

    def _replayed(self, count: int) -> list[Iterator[FlowBatch]]:
        sources = self.sources
        if len(sources) == 1 and isinstance(sources[0], _Recorded):
            sources = sources[0].entries()
        if len(sources) != count:
            raise SourceError(
                f"unexpected number of batch collectors. exp {len(sources)} got {count}: the "
                f"script has {count} {'query' if count == 1 else 'queries'}, "
                f"the data {len(sources)}"
            )
        if any(source.edge is STREAM for source in sources):
            raise SourceError("the data is points and batches; a batch task takes one of them")
        return [_flowing_batches(source) for source in sources]


@dataclass
class _Recorded:
    """A batch recording: an entry for each query."""

    path: Path

    edge = BATCH

    def entries(self) -> list[Source]:
        """Return a source for each entry; one that tells what is wrong if there is none."""
        with self.path.open("rb") as file:
            if file.read(2) != b"PK":
                return [BatchRecording(self.path)]  # the bare JSON of one
            found = names(file)
            count = len(list(walk(file)) if isinstance(found, str) else found)
        if not count:
            return [BatchRecording(self.path)]
        return [BatchRecording(self.path, query=number) for number in range(count)]

    def __iter__(self) -> Iterator[Point | Batch]:
        for source in self.entries():
            yield from source


def _numbered(number: int, stream: Iterator[FlowBatch]) -> Iterator[tuple[int, Batch]]:
    for batch in stream:
        yield number, batch


def _flowing_batches(source: Source) -> Iterator[FlowBatch]:
    """Yield batches as a replay gives them (edge/messages.go): points take the batch's tags."""
    for index, batch in enumerate(source):
        assert isinstance(batch, Batch)
        tmax = batch.tmax_or_none
        if tmax is None:
            if not batch.points:
                raise SourceError("an empty batch of the data needs a tmax", f"item {index}")
            tmax = max(point.time for point in batch.points)
        whole = flow_batch([], name=batch.name, tags=batch.tags, tmax=tmax, by_name=batch.by_name)
        for point in batch.points:
            moved = flow_point(point)
            if not moved.tags:
                moved._tags = whole.tags
            moved._group = whole.group
            whole.points.append(moved)
        whole.size = len(whole.points)
        yield whole


def _is_path(data: object) -> bool:
    return isinstance(data, str | os.PathLike)


def _columns(data: Any) -> list[str] | None:
    """Return the names of the columns of a DataFrame, CSV or Parquet; None of anything else."""
    if hasattr(data, "columns") and hasattr(data, "index"):
        return list(data.columns)
    if not _is_path(data) or not Path(data).is_file():
        return None
    path = Path(data)
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return next(csv.reader(file), [])
    if path.suffix.lower() == ".parquet":
        with contextlib.suppress(ImportError, OSError, ValueError):  # its reader says it better
            names: list[str] = importlib.import_module("pyarrow.parquet").read_schema(path).names
            return names
        return []
    return None
