"""A welding robot: arcs on and off, six channels, three faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kapnb.model import Point
from kapnb.sources.synthetic._base import Chance, Synthetic, nanoseconds, start_time

__all__ = ["weld"]

#: While the arc burns and while it does not, and the standard deviation of either.
_CHANNELS = {
    "Pressure": (1.0, 1.0, 0.01),  # bar
    "CO2 Weld Flow": (15.0, 0.5, 0.2),  # l/min
    "Feed": (120.0, 0.0, 1.5),  # mm/s
    "Primary Weld Current": (180.0, 0.0, 4.0),  # A
    "Secondary Weld Voltage": (22.0, 0.0, 0.4),  # V
}
_WIRE = "Wire Consumed"  # mm since the arc began
#: What a fault does to the channels.
_FAULTS: dict[str, dict[str, float]] = {
    "gas loss": {"CO2 Weld Flow": 0.2, "Secondary Weld Voltage": 1.08},
    "wire slip": {"Feed": 0.5, "Primary Weld Current": 0.7},
    "burn-through": {"Primary Weld Current": 1.3, "Secondary Weld Voltage": 0.85},
}
_RAMP = 5


def weld(
    *,
    rows: int = 1000,
    seed: int = 0,
    every: int | str = "100ms",
    start: int | str = "2026-01-01T00:00:00Z",
    name: str = "weld",
    tags: Mapping[str, str] | None = None,
    faults: float = 0.3,
) -> Synthetic:
    """Return six channels of a welding robot, from one seam to the next.

    The fields are ``Pressure`` (bar), ``CO2 Weld Flow`` (l/min), ``Feed`` (mm/s),
    ``Primary Weld Current`` (A), ``Secondary Weld Voltage`` (V) and ``Wire Consumed`` (mm since
    the arc began).

    Parameters
    ----------
    rows : int
        How many points.
    seed : int
        Of seams, noise and faults.
    every : int in nanoseconds or str as in ``"100ms"``
        From one point to the next.
    start : str as of RFC 3339, or int in nanoseconds since the Unix epoch
        Time of the first point.
    name : str
        Measurement.
    tags : mapping of str to str, optional
        By default ``source`` is ``robot_1``.
    faults : float
        Which part of the seams has a fault.

    Notes
    -----
    An arc burns for 60 to 120 rows, rising and falling within 5, and is off for 20 to 60. A fault
    begins in the first half of a seam and lasts to its end or for at least 20 rows. The labels
    are ``gas loss`` (flow at 20 %, voltage up), ``wire slip`` (feed at 50 %, current at 70 %) and
    ``burn-through`` (current at 130 %, voltage down).

    Examples
    --------
    >>> labels = [label for _, label in weld(rows=5000, seed=1).labelled()]
    >>> sorted(set(labels))
    ['', 'burn-through', 'gas loss', 'wire slip']
    """
    step, begin = nanoseconds(every, "every"), start_time(start)
    own = {"source": "robot_1"} if tags is None else dict(tags)

    def make() -> Iterator[tuple[Point, str]]:
        noise = {channel: Chance(seed, channel) for channel in _CHANNELS}
        wire = 0.0
        for row, (arc, label) in zip(range(rows), _seams(seed, faults), strict=False):
            fields = {channel: _value(channel, arc, label, noise[channel]) for channel in _CHANNELS}
            wire = wire + fields["Feed"] * step / 1e9 if arc else 0.0
            fields[_WIRE] = round(wire, 3)
            yield Point(fields, time=begin + row * step, name=name, tags=own), label

    return Synthetic(f"weld(rows={rows}, seed={seed})", make)


def _seams(seed: int, faults: float) -> Iterator[tuple[float, str]]:
    """Yield for each row how much of the arc burns, from 0 to 1, and what is wrong with it."""
    chance = Chance(seed, "seams")
    kinds = tuple(_FAULTS)
    while True:
        for _ in range(int(chance.between(20, 61))):
            yield 0.0, ""
        length = int(chance.between(60, 121))
        fault = kinds[int(chance.random() * len(kinds))] if chance.random() < faults else ""
        begin = int(chance.between(_RAMP, length / 2))
        end = begin + int(chance.between(20, length))
        for row in range(length):
            arc = min(1.0, (row + 1) / _RAMP, (length - row) / _RAMP)
            yield arc, fault if begin <= row < end else ""


def _value(channel: str, arc: float, fault: str, chance: Chance) -> float:
    burning, idle, deviation = _CHANNELS[channel]
    share = _FAULTS[fault].get(channel, 1.0) if fault else 1.0
    value = idle + (burning * share - idle) * arc
    if arc or idle:  # what is off is off, and not noisy
        value += deviation * chance.normal()
    return round(max(value, 0.0), 3)
