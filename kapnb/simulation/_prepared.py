"""Data that are arranged and encoded once, for any number of runs over them.

Nothing of a run is kept here, and nothing of pandas: a process forked from this one can read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kapnb.model import BATCH, STREAM, Batch, EdgeType, Point, Source
from kapnb.protocol import encode_point, row_point
from kapnb.simulation._edges import arrange, encoded_rows
from kapnb.sources import Frame

__all__ = ["Prepared", "prepare"]


class Prepared:
    """What a UDF's edge carries, as a Source; `prepare` makes it.

    Parameters
    ----------
    batches : sequence of Batch, optional
        For an edge of BATCH.
    points : list of bytes, optional
        For an edge of STREAM: encoded, with their dimensions.
    columns : sequence of str
        Names of all tags and fields of the points, in the order to list them.
    """

    def __init__(
        self,
        batches: Sequence[Batch] | None = None,
        points: list[bytes] | None = None,
        columns: Sequence[str] = (),
    ) -> None:
        self.batches, self.points, self.columns = batches, points or [], columns

    @property
    def edge(self) -> EdgeType:
        """STREAM for points, BATCH for batches."""
        return STREAM if self.batches is None else BATCH

    def __len__(self) -> int:
        return len(self.points if self.batches is None else self.batches)

    def __iter__(self) -> Iterator[Point | Batch]:
        """Start over from the first item; of points each time with new ones."""
        if self.batches is not None:
            return iter(self.batches)
        return (row_point(raw, self.columns) for raw in self.points)


def prepare(
    source: Source, wants: EdgeType, group_by: tuple[str, ...], *, by_measurement: bool
) -> Prepared:
    """Arrange a source as `arrange` does, and keep what comes of it.

    Raises
    ------
    SourceError
        If the data cannot be read, or do not fit the edge.

    Examples
    --------
    >>> from kapnb.sources import Items
    >>> points = Items([Point({"x": 1.0}, time=5, tags={"host": "a"})])
    >>> [point.group for point in prepare(points, STREAM, ("host",), by_measurement=False)]
    ['host=a']
    """
    if type(source) is Frame and wants is STREAM:
        table = source.table()
        points = [*encoded_rows(table, group_by, by_measurement=by_measurement)]
        return Prepared(points=points, columns=(*table.tags, *table.fields))
    return of_items(arrange(source, wants, group_by, by_measurement=by_measurement), wants)


def of_items(items: Iterable[Point | Batch], edge: EdgeType) -> Prepared:
    """Keep items that are arranged already."""
    if edge is BATCH:
        return Prepared(batches=[item for item in items if isinstance(item, Batch)])
    encoded: list[bytes] = []
    columns: dict[str, None] = {}
    for item in items:
        assert isinstance(item, Point)
        columns.update(dict.fromkeys((*item.tags, *item.fields)))
        encoded.append(encode_point(item))
    return Prepared(points=encoded, columns=tuple(columns))
