"""Where a task begins: ``stream``, ``batch``, ``|from`` and ``|query``.

The source nodes only hand on; what a query would have asked InfluxDB is made in
`kapnb.simulation`, which knows the data.
"""

from __future__ import annotations

from typing import Any, ClassVar

from kapnb.errors import TickError
from kapnb.model import Batch, Point
from kapnb.tick._ast import Star
from kapnb.tick._lambdas import EvaluationError, Lambda
from kapnb.tick.nodes._messages import regrouped, round_time, tags_of, truncate_time
from kapnb.tick.nodes._node import Node

__all__ = ["From", "Query", "Source", "dimensions_of"]

_FILLS = ("null", "none", "previous", "linear")


def dimensions_of(names: list[Any]) -> tuple[bool, tuple[str, ...]]:
    """Return whether a star is among the arguments of groupBy, and the sorted names."""
    everything = any(isinstance(name, Star) for name in names)
    return everything, tuple(sorted({name for name in names if isinstance(name, str)}))


class Source(Node):
    """``stream`` or ``batch``: hands on everything."""

    def point(self, point: Point) -> None:
        """Hand it on."""
        self.emit(point)

    def batch(self, batch: Batch) -> None:
        """Hand it on."""
        self.emit_batch(batch)


class From(Node):
    """``|from()``: selects points and groups them.

    Attributes
    ----------
    matched : int
        How many points were selected.
    """

    obeys: ClassVar[frozenset[str]] = frozenset(
        {
            "database",
            "groupBy",
            "groupByMeasurement",
            "measurement",
            "retentionPolicy",
            "round",
            "truncate",
            "where",
        }
    )

    def set_up(self) -> None:
        """Read what is selected, and how it is grouped."""
        last = self.last
        self.matched = 0
        self.database = last("database", "")
        self.retention_policy = last("retentionPolicy", "")
        self.measurement = last("measurement", "")
        self._every, self._nearest = int(last("truncate", 0)), int(last("round", 0))
        self._by_name = self.flag("groupByMeasurement")
        grouped = self.uses("groupBy")
        names = list(grouped[-1].arguments) if grouped else []
        self._everything, self._dimensions = dimensions_of(names)
        # Several where() are one condition. There is one memory: nothing is grouped yet.
        self._conditions = [
            (condition, condition.new_memory())
            for used in self.uses("where")
            for condition in (
                self.lambda_of(
                    used.arguments[0], "Failed to compile from expression", used.position
                ),
            )
        ]

    def point(self, point: Point) -> None:
        """Hand it on, in its group, if it is selected."""
        if not self._selects(point):
            return
        self.matched += 1
        time = point.time
        if self._every:
            time = truncate_time(time, self._every)
        if self._nearest:
            time = round_time(time, self._nearest)
        dimensions = tuple(sorted(tags_of(point))) if self._everything else self._dimensions
        self.emit(regrouped(point, dimensions, self._by_name, time))

    def _selects(self, point: Point) -> bool:
        if self.database and point.database != self.database:
            return False
        if self.retention_policy and point.retention_policy != self.retention_policy:
            return False
        if self.measurement and point.name != self.measurement:
            return False
        return all(self._holds(point, condition) for condition in self._conditions)

    def _holds(self, point: Point, condition: tuple[Lambda, list[Any]]) -> bool:
        expression, memory = condition
        try:
            return expression.test(point, memory)
        except EvaluationError as error:
            self.complain(f"failed to evaluate WHERE expression: {error}", point)
            return False


class Query(Node):
    """``|query()``: hands on the batches that a query gave.

    Attributes
    ----------
    matched : int
        How many batches there were.
    """

    #: Used where the batches are made of points; a recording is replayed as it is.
    obeys: ClassVar[frozenset[str]] = frozenset(
        {"align", "every", "groupBy", "groupByMeasurement", "offset", "period"}
    )
    ignores: ClassVar[frozenset[str]] = frozenset({"alignGroup", "cluster", "cron", "fill"})

    def set_up(self) -> None:
        """Check when it runs, as newQueryNode does in batch.go."""
        self.matched = 0
        fill = self.last("fill")
        if isinstance(fill, str) and fill not in _FILLS:
            raise self._refusal(f"unexpected fill option {fill}")
        every, cron = self.last("every", 0), self.last("cron", "")
        if every and cron:
            raise self._refusal("must not set both 'every' and 'cron' properties")
        if not (every or cron):
            raise self._refusal("must define one of 'every' or 'cron'")

    def _refusal(self, text: str) -> TickError:
        position = self.node.position
        return TickError(f"{position}: {text}", *position)

    def batch(self, batch: Batch) -> None:
        """Hand it on."""
        self.matched += 1
        self.emit_batch(batch)
