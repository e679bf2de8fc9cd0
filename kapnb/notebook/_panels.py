"""Which fields share a y axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kapnb.notebook._scene import Line

__all__ = ["Panel", "arrange_panels"]

#: Beside another, a field is readable if it takes this share of their common height …
_HEIGHT_MIN = 0.02
#: … and comparable if its largest value is this share of the other's.
_SIZE_MIN = 0.1
#: Outputs in a panel: line styles tell them apart, but not where colours tell groups apart.
_OUTPUTS_MAX = 3
_Span = tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """Lines that share a y axis."""

    lines: tuple[Line, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the fields drawn from inputs."""
        return tuple(dict.fromkeys(line.field for line in self.lines if not line.sent))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the fields drawn from outputs."""
        return tuple(dict.fromkeys(line.field for line in self.lines if line.sent))

    @property
    def logical(self) -> bool:
        """Whether all there is to draw is False or True."""
        return bool(self.lines) and all(line.logical for line in self.lines)

    @property
    def label(self) -> str:
        """The fields' names, inputs first; what stands on both sides is given once."""
        return " → ".join(", ".join(names) for names in self.sides)

    @property
    def sides(self) -> tuple[tuple[str, ...], ...]:
        """The fields' names, those of inputs first; one side if both are the same."""
        return tuple(dict.fromkeys(names for names in (self.inputs, self.outputs) if names))


def arrange_panels(lines: Sequence[Line]) -> list[Panel]:
    """Put fields into panels, such that each can be read in its own.

    A percentage and its mean share one; a score from -3 to 3 gets another, and so does what is
    False or True. There always is at least one panel.
    """
    logical = {line.field for line in lines if line.logical}
    spans = {line.field: _span(lines, line.field) for line in lines}
    sent = {line.field for line in lines if line.sent}
    outputs_max = 1 if len({line.group for line in lines}) > 1 else _OUTPUTS_MAX
    rows: list[list[str]] = []
    for field in spans:
        for row in rows:
            together = [*row, field]
            alike = (row[0] in logical) == (field in logical) and _comparable(
                [spans[name] for name in together]
            )
            if alike and len(sent.intersection(together)) <= outputs_max:
                row.append(field)
                break
        else:
            rows.append([field])
    panels = [Panel(tuple(line for line in lines if line.field in row)) for row in rows]
    return panels or [Panel()]


def _span(lines: Sequence[Line], field: str) -> _Span:
    values = [line.values for line in lines if line.field == field]
    return min(float(part.min()) for part in values), max(float(part.max()) for part in values)


def _comparable(spans: Sequence[_Span]) -> bool:
    """Return whether each field is still readable if all share an axis."""
    sizes = [size for size in (max(abs(low), abs(high)) for low, high in spans) if size]
    if sizes and min(sizes) < _SIZE_MIN * max(sizes):
        return False
    # Halves: the distance between the largest floats is no float.
    height = max(high / 2 for _, high in spans) - min(low / 2 for low, _ in spans)
    moving = [high / 2 - low / 2 for low, high in spans if high > low]
    return all(part >= _HEIGHT_MIN * height for part in moving)
