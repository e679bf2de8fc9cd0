"""``|union``: several parents become one, in the order of time."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from kapnb.model import Batch, Point
from kapnb.tick.nodes._messages import batch_from, buffered, new_point
from kapnb.tick.nodes._node import Node

__all__ = ["Union"]


class Union(Node):
    """``|union(other, …)``, with ``.rename``.

    What comes waits until every parent has sent something; then all goes out that is not newer
    than the oldest that a parent may still send (union.go). The rest goes out at the end.
    """

    obeys: ClassVar[frozenset[str]] = frozenset({"rename"})

    def set_up(self) -> None:
        """Open a queue for each parent."""
        self._rename = self.last("rename", "")
        self._queues: list[deque[Point | Batch]] = [deque() for _ in self.node.parents]
        self._marks: list[int | None] = [None for _ in self.node.parents]

    def inlet(self, parent: int) -> Node:
        """Return what knows which parent it takes from."""
        return _Inlet(self, parent)

    def take(self, parent: int, item: Point | Batch) -> None:
        """Queue what a parent sent; hand on what is ready."""
        item = buffered(item) if isinstance(item, Batch) else item
        self._queues[parent].append(self._renamed(item) if self._rename else item)
        self._release(drain=False)

    def finish(self) -> None:
        """Hand on the rest."""
        self._release(drain=True)

    def _renamed(self, item: Point | Batch) -> Point | Batch:
        if isinstance(item, Batch):
            renamed = batch_from(item)
            renamed.name_or_none = self._rename
            return batch_from(renamed)
        return new_point(
            item.fields,
            time=item.time,
            name=self._rename,
            tags=item.tags,
            dimensions=item.dimensions,
            by_name=item.by_name,
            database=item.database,
            retention_policy=item.retention_policy,
        )

    def _release(self, *, drain: bool) -> None:
        while True:
            for number, queue in enumerate(self._queues):
                if queue:
                    self._marks[number] = _time(queue[0])
            known = [mark for mark in self._marks if mark is not None]
            waiting = [_time(queue[0]) for queue in self._queues if queue]
            if not waiting or (not drain and len(known) < len(self._queues)):
                return
            mark = min(waiting) if drain else min(known)
            if not self._send_until(mark):
                return

    def _send_until(self, mark: int) -> bool:
        sent = False
        for queue in self._queues:
            while queue and _time(queue[0]) <= mark:
                sent = True
                item = queue.popleft()
                if isinstance(item, Batch):
                    self.emit_batch(item)
                else:
                    self.emit(item)
        return sent


def _time(item: Point | Batch) -> int:
    return item.tmax if isinstance(item, Batch) else item.time


class _Inlet(Node):
    """The end of one parent's edge."""

    def __init__(self, union: Union, parent: int) -> None:
        super().__init__(union.node, union.run)
        self._union, self._parent = union, parent

    def check_property(self, used: object) -> None:
        """Do nothing: the union itself has done it."""

    def point(self, point: Point) -> None:
        """Tell the union whose it is."""
        self._union.take(self._parent, point)

    def batch(self, batch: Batch) -> None:
        """Tell the union whose it is."""
        self._union.take(self._parent, batch)
