"""A wind turbine: speed, power, and the two things that keep the one from giving the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from kapnb.model import Point
from kapnb.sources.synthetic._base import Chance, Synthetic, nanoseconds, start_time

__all__ = ["turbine"]

#: A machine of 3.6 MW: m/s at which it starts, gives all it can, and stops; kW.
_CUT_IN, _RATED, _CUT_OUT, _POWER = 3.0, 12.5, 25.0, 3600.0
#: Wind speeds are distributed by Weibull, with these, and change slowly from row to row.
_SHAPE, _SCALE, _MEMORY = 2.0, 8.5, 0.98


def turbine(
    *,
    rows: int = 1000,
    seed: int = 0,
    every: int | str = "10m",
    start: int | str = "2026-01-01T00:00:00Z",
    name: str = "wind_turbine",
    tags: Mapping[str, str] | None = None,
    events: float = 0.005,
) -> Synthetic:
    """Return a wind turbine's ``wind_speed`` (m/s) and ``grid_active_power`` (kW).

    Parameters
    ----------
    rows : int
        How many points.
    seed : int
        Of wind, noise and events.
    every : int in nanoseconds or str as in ``"10m"``
        From one point to the next.
    start : str as of RFC 3339, or int in nanoseconds since the Unix epoch
        Time of the first point.
    name : str
        Measurement.
    tags : mapping of str to str, optional
        By default ``source`` is ``turbine_1``.
    events : float
        Chance at each row that an event begins; 0 for a turbine that is always well.

    Notes
    -----
    Power follows the cube of the speed from cut-in (3 m/s) to rated speed (12.5 m/s), is 3,600 kW
    up to cut-out (25 m/s), and has 2 % of noise. The labels are ``curtailment``, where the grid
    takes no more than 30 to 60 % of rated power, and ``icing``, where the blades give 30 to 70 %
    of what they should; each lasts 10 to 60 rows. Rows in which an event makes no difference,
    because the wind is weak, are not labelled.

    Examples
    --------
    >>> for point in turbine(rows=2, seed=1):
    ...     print(point)
    Point(wind_turbine source=turbine_1 2026-01-01T00:00:00Z wind_speed=7.417 \
grid_active_power=720.83)
    Point(wind_turbine source=turbine_1 2026-01-01T00:10:00Z wind_speed=5.497 \
grid_active_power=260.12)
    """
    step, begin = nanoseconds(every, "every"), start_time(start)
    own = {"source": "turbine_1"} if tags is None else dict(tags)

    def make() -> Iterator[tuple[Point, str]]:
        rows_of = zip(_wind(seed), _events(seed, events), strict=False)
        noise = Chance(seed, "noise")
        for row, (speed, (kind, depth)) in zip(range(rows), rows_of, strict=False):
            power, label = _power(speed, kind, depth)
            power *= 1 + 0.02 * noise.normal()
            fields = {"wind_speed": speed, "grid_active_power": round(max(power, 0.0), 2)}
            yield Point(fields, time=begin + row * step, name=name, tags=own), label

    return Synthetic(f"turbine(rows={rows}, seed={seed})", make)


def _wind(seed: int) -> Iterator[float]:
    """Yield wind speeds: a normal number that changes slowly, bent to Weibull's distribution."""
    chance = Chance(seed, "wind")
    state = chance.normal()
    while True:
        share = 0.5 * (1 + math.erf(state / math.sqrt(2)))
        share = min(max(share, 1e-9), 1 - 1e-9)
        yield round(_SCALE * (-math.log(1 - share)) ** (1 / _SHAPE), 3)
        state = _MEMORY * state + math.sqrt(1 - _MEMORY**2) * chance.normal()


def _events(seed: int, rate: float) -> Iterator[tuple[str, float]]:
    """Yield for each row what is going on, and how much is left of the power."""
    chance = Chance(seed, "events")
    while True:
        if chance.random() >= rate:
            yield "", 1.0
            continue
        kind, low, high = (
            ("curtailment", 0.3, 0.6) if chance.random() < 0.5 else ("icing", 0.3, 0.7)
        )
        depth = chance.between(low, high)
        for _ in range(int(chance.between(10, 61))):
            yield kind, depth


def _power(speed: float, kind: str, depth: float) -> tuple[float, str]:
    """Return the power in kW at this speed, and the label if an event makes a difference."""
    if not _CUT_IN <= speed < _CUT_OUT:
        return 0.0, ""
    cubes = (min(speed, _RATED) ** 3 - _CUT_IN**3) / (_RATED**3 - _CUT_IN**3)
    power = _POWER * cubes
    left = min(power, _POWER * depth) if kind == "curtailment" else power * depth
    return (left, kind) if left < power else (power, "")
