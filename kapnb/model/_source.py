"""The Source protocol: where data comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from kapnb.model._batch import Batch
from kapnb.model._edge import EdgeType
from kapnb.model._point import Point

__all__ = ["Source"]


@runtime_checkable
class Source(Protocol):
    """A re-iterable of Points (an edge of STREAM) or of Batches (an edge of BATCH).

    Iterating twice gives the same items in the same order. A Source that cannot read its
    data raises `kapnb.errors.SourceError`, naming the place.
    """

    @property
    def edge(self) -> EdgeType:
        """STREAM if it gives Points, BATCH if it gives Batches."""
        ...

    def __iter__(self) -> Iterator[Point | Batch]:
        """Start over from the first item."""
        ...
