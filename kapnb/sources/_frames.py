"""A DataFrame as a Source. How it is read is decided in `kapnb.handler`, where Handlers need it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from kapnb.errors import SourceError
from kapnb.handler._frames import Table, table_from_frame
from kapnb.model import STREAM, EdgeType, Point

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Frame", "no_fields"]


# eq=False: two frames compare to a frame, not to a bool.
@dataclass(frozen=True, eq=False)
class Frame:
    """The rows of a DataFrame as points, in the order of the frame.

    Parameters
    ----------
    frame : DataFrame
        Do not change it while the Source is in use: it is not copied.
    time : str, optional
        The column of times. By default the index if it is a DatetimeIndex, else the column
        ``time``. Times without a zone are UTC; ints are nanoseconds since the Unix epoch; text
        is RFC 3339.
    tags : iterable of str
        The columns that are tags; all others are fields.
    name : str, optional
        Measurement.

    Notes
    -----
    A missing value (NaN, None, NaT, NA) is an absent field or tag. Columns and times are all
    looked at before the first point; one that cannot be used is a `SourceError`, with column
    and row. Nothing is guessed, sorted or dropped.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.to_datetime(["2026-03-01T06:00Z", "2026-03-01T06:01Z"])
    >>> frame = pd.DataFrame({"host": ["a", "b"], "usage": [0.5, None]}, index=times)
    >>> frame["n"] = [3, 4]
    >>> for point in Frame(frame, tags=["host"], name="cpu"):
    ...     print(point)
    Point(cpu host=a 2026-03-01T06:00:00Z usage=0.5 n=3)
    Point(cpu host=b 2026-03-01T06:01:00Z n=4)
    """

    frame: pd.DataFrame = field(repr=False)
    _: KW_ONLY
    time: str | None = None
    tags: Iterable[str] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        tags = (self.tags,) if isinstance(self.tags, str) else tuple(self.tags)
        object.__setattr__(self, "tags", tags)

    @property
    def edge(self) -> EdgeType:
        """STREAM."""
        return STREAM

    def table(self) -> Table:
        """Return the columns, all of them checked."""
        return table_from_frame(self.frame, time=self.time, tags=self.tags, name=self.name)

    def __iter__(self) -> Iterator[Point]:
        """Start over from the first row; all columns are checked before the first point."""
        table = self.table()
        bare = table.first_without_fields()
        yield from islice(table.points(), bare)
        if bare is not None:
            raise no_fields(bare, table)


def no_fields(row: int, table: Table) -> SourceError:
    """Return the error about a row without fields: InfluxDB refuses to store such a point."""
    if not table.fields:
        drop = "there is no column that is a field"
    else:
        subset = f", subset={list(table.fields)!r}" if table.tags else ""
        drop = f'drop such rows, as with frame.dropna(how="all"{subset})'
    return SourceError(
        f"no field has a value, and a point needs one; {drop}",
        f"DataFrame, row {row}",
    )
