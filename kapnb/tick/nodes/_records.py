"""What a task sent out, as plain values: written points, alerts, log entries, HTTP results.

Nothing is sent anywhere: a simulation keeps these records, in the order of their arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kapnb.model import Batch, Point, format_time

__all__ = ["Alert", "Logged", "NodeError", "Record", "Served", "Written"]


class Record(Protocol):
    """What any of the records can do."""

    @property
    def sink(self) -> str:
        """Id of the node that made it, such as ``influxdb_out4``."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """A point as ``|influxDBOut`` would write it.

    Attributes
    ----------
    sink : str
        Id of the node.
    point : Point
        Name, time, tags and fields as written; with its database and retention policy.
    """

    sink: str
    point: Point

    def as_dict(self) -> dict[str, Any]:
        """Return sink, name, time, tags, fields."""
        point = self.point
        return {
            "sink": self.sink,
            "name": point.name,
            "time": point.time,
            "tags": dict(point.tags),
            "fields": dict(point.fields),
        }


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of ``|log``.

    Attributes
    ----------
    sink : str
        Id of the node.
    level, prefix : str
        As the script sets them; the level in capitals.
    item : Point or Batch
        What flowed past.
    """

    sink: str
    level: str
    prefix: str
    item: Point | Batch

    def as_dict(self) -> dict[str, Any]:
        """Return sink, level, prefix, and the point or batch by its parts."""
        item = self.item
        head: dict[str, Any] = {"sink": self.sink, "level": self.level, "prefix": self.prefix}
        head |= {"name": item.name, "group": item.group, "tags": dict(item.tags)}
        if isinstance(item, Point):
            return head | {"time": item.time, "fields": dict(item.fields)}
        points = [
            {"time": point.time, "tags": dict(point.tags), "fields": dict(point.fields)}
            for point in item.points
        ]
        return head | {"tmax": item.tmax, "points": points}


@dataclass(frozen=True, slots=True)
class Alert:
    """An event of ``|alert``, as its handlers would get it.

    Attributes
    ----------
    sink : str
        Id of the node.
    id, message, details : str
        The rendered templates; details is empty if the script sets none.
    level, previous_level : str
        OK, INFO, WARNING or CRITICAL.
    time, duration : int
        When, and for how long the state has not been OK, in nanoseconds.
    name, group : str
        Measurement and group id.
    tags, fields : mapping
        Of the point that decided the level; of a batch, the batch's tags.
    handlers : tuple of str
        The event handlers of the script, such as ``slack``; none of them is called.
    topic : str
        The topic it goes to, or empty.
    """

    sink: str
    id: str
    message: str
    details: str
    level: str
    previous_level: str
    time: int
    duration: int
    name: str
    group: str
    tags: Mapping[str, str] = field(repr=False)
    fields: Mapping[str, Any] = field(repr=False)
    handlers: tuple[str, ...] = field(default=(), repr=False)
    topic: str = field(default="", repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return everything by name."""
        return {
            "sink": self.sink,
            "id": self.id,
            "level": self.level,
            "previous_level": self.previous_level,
            "message": self.message,
            "details": self.details,
            "time": self.time,
            "duration": self.duration,
            "name": self.name,
            "group": self.group,
            "tags": dict(self.tags),
            "fields": dict(self.fields),
            "handlers": list(self.handlers),
            "topic": self.topic,
        }


@dataclass(frozen=True, slots=True)
class Served:
    """One series of what ``|httpOut`` serves: the last point or batch of a group.

    Attributes
    ----------
    sink : str
        Id of the node.
    endpoint : str
        The last part of the address.
    name : str
        Measurement.
    tags : mapping
        All tags of a point; of a batch, the group's.
    columns : tuple of str
        ``time``, then fields (of a batch, also tags of the points) in sorted order.
    values : tuple of tuple
        One row a point; times in nanoseconds, None where a field is missing.
    """

    sink: str
    endpoint: str
    name: str
    tags: Mapping[str, str]
    columns: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return sink, endpoint, and the series as Kapacitor serves it."""
        return {
            "sink": self.sink,
            "endpoint": self.endpoint,
            "name": self.name,
            "tags": dict(self.tags),
            "columns": list(self.columns),
            "values": [[format_time(row[0]), *row[1:]] for row in self.values],
        }


@dataclass(frozen=True, slots=True)
class NodeError:
    """What a node would have written to Kapacitor's log; the task goes on.

    Attributes
    ----------
    node : str
        Id of the node.
    text : str
        What went wrong.
    time : int or None
        Time of the point, in nanoseconds.
    """

    node: str
    text: str
    time: int | None = None
