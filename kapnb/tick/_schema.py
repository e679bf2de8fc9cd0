"""What a script may count on in its data: measurements with their fields and tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kapnb.model import Batch, Point

__all__ = ["Measurement", "Schema", "schema_of"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """Names that some point of a measurement has.

    Attributes
    ----------
    fields, tags : frozenset of str
    """

    fields: frozenset[str]
    tags: frozenset[str]

    def __or__(self, other: Measurement) -> Measurement:
        """Return what either has."""
        return Measurement(self.fields | other.fields, self.tags | other.tags)


#: Measurements by name.
Schema = Mapping[str, Measurement]


def schema_of(items: Iterable[Point | Batch]) -> dict[str, Measurement]:
    """Return the measurements of points or batches, in one pass.

    Examples
    --------
    >>> points = [Point({"usage": 1.0}, name="cpu", time=0, tags={"host": "a"})]
    >>> sorted(schema_of(points)["cpu"].fields)
    ['usage']
    """
    names: dict[str, tuple[set[str], set[str]]] = {}
    for item in items:
        fields, tags = names.setdefault(item.name, (set(), set()))
        if isinstance(item, Batch):
            tags.update(item.tags)
        for point in item.points if isinstance(item, Batch) else (item,):
            fields.update(point.fields)
            tags.update(point.tags)
    return {name: Measurement(frozenset(f), frozenset(t)) for name, (f, t) in names.items()}
