"""Parquet files as points, read by pandas and pyarrow, which are imported when a file is read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kapnb.errors import MissingExtra, SourceError
from kapnb.model import STREAM, EdgeType, Point
from kapnb.sources._files import StrPath, open_file
from kapnb.sources._frames import Frame
from kapnb.sources._names import names_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Parquet"]


@dataclass(frozen=True)
class Parquet:
    """The rows of a Parquet file as points, in the order of the file.

    Types are the file's: a column of ints with gaps stays one of ints. A missing value is an
    absent field or tag.

    Parameters
    ----------
    path : str or path
        One file; it is read whole.
    time : str, optional
        The column of times. By default the index that pandas wrote if it holds times, else the
        column ``time``.
    tags : iterable of str
        The columns that are tags; all others are fields.
    name : str, optional
        Measurement; by default the file's name without its suffix.

    Raises
    ------
    MissingExtra
        While iterating, if pandas or pyarrow is not there.
    """

    path: StrPath
    _: KW_ONLY
    time: str | None = None
    tags: Iterable[str] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", names_of(self.tags))

    @property
    def edge(self) -> EdgeType:
        """STREAM."""
        return STREAM

    def __iter__(self) -> Iterator[Point]:
        """Read the file from its start; all of it is checked before the first point."""
        name = Path(self.path).stem if self.name is None else self.name
        frame = _read(self.path)
        try:
            yield from Frame(frame, time=self.time, tags=self.tags, name=name)
        except SourceError as error:
            where = (error.where or "").replace("DataFrame", os.fspath(self.path), 1)
            raise SourceError(error.problem, where) from None


def _read(path: StrPath) -> pd.DataFrame:
    try:
        import pandas as pd
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtra("parquet", "A Parquet file", error.name or "pyarrow") from error
    with open_file(path) as file:
        try:
            frame = pd.read_parquet(file, engine="pyarrow", dtype_backend="numpy_nullable")
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            where = os.fspath(path)
            raise SourceError(f"this is no sound Parquet file: {error}", where) from error
    return frame
