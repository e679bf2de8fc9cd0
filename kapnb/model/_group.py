"""Groups: Kapacitor's group ids and what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kapnb.model._record import Record

__all__ = ["Group", "group_id"]


def group_id(
    name: str, tags: Mapping[str, str], dimensions: Iterable[str], by_name: bool = False
) -> str:
    """Return the group id that Kapacitor computes.

    ``tag=value`` pairs joined by commas in the order of `dimensions`; nothing is escaped and
    a missing tag gives an empty value. Grouping by measurement puts the name and a newline
    in front (Kapacitor, models/point.go, ToGroupID).

    Examples
    --------
    >>> group_id("cpu", {"host": "a", "cpu": "cpu0"}, ["cpu", "host"])
    'cpu=cpu0,host=a'
    >>> group_id("cpu", {}, [])
    ''
    """
    pairs = ",".join(f"{dimension}={tags.get(dimension, '')}" for dimension in dimensions)
    if not by_name:
        return pairs
    return f"{name}\n{pairs}" if pairs else name


class Group(Record):
    """One group of a stream.

    Attributes
    ----------
    id : str
        Kapacitor's group id; opaque, since nothing in it is escaped.
    dimensions : tuple of str
        Names of the tags that make the group, sorted.
    tags : mapping of str to str
        The group's own tags only.
    by_name : bool
        Whether the measurement's name is part of the group.

    Examples
    --------
    >>> Group("host=a", ("host",), {"host": "a"}).tags["host"]
    'a'
    """

    id: str
    dimensions: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}  # made anew for each
    by_name: bool = False

    def __hash__(self) -> int:
        return hash((self.id, self.dimensions, self.by_name))
