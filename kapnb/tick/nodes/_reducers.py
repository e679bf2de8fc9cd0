"""What the functions of InfluxQL make of values: one table, a function an entry.

The rules are InfluxDB's (query/call_iterator.go), ties and rounding included.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kapnb.model import Point
from kapnb.tick._operators import wrap

__all__ = ["ALL_KINDS", "FUNCTIONS", "InfluxFunction", "Sample"]

#: Time, value, and the point they are of.
Sample = tuple[int, Any, Point]


@dataclass(frozen=True)
class InfluxFunction:
    """One function.

    Attributes
    ----------
    reduce : callable
        Gets the samples (time, value, point) and the further arguments; returns the value, or
        of a selector the selected sample, or None if there is none.
    kinds : tuple of type
        The types of fields that it takes.
    selects : bool
        Whether it gives one of the points, with its other fields and its tags.
    empty : object
        What it gives for an empty batch; None if it gives nothing.
    """

    reduce: Callable[..., Any]
    kinds: tuple[type, ...] = (float, int)
    selects: bool = False
    empty: Any = None


def _sum(samples: list[Sample]) -> float | int:
    # Not sum(), which makes up for rounding: InfluxDB does not.
    total: float | int = samples[0][1]
    for _, value, _ in samples[1:]:
        total += value
    return wrap(total) if isinstance(total, int) else total


def _mean(samples: list[Sample]) -> float:
    return float(_sum(samples)) / len(samples)


def _values(samples: list[Sample]) -> list[Any]:
    return sorted(value for _, value, _ in samples)


def _median(samples: list[Sample]) -> float:
    values = _values(samples)
    high = values[len(values) // 2]
    if len(values) % 2:
        return float(high)
    low = values[len(values) // 2 - 1]
    return float(low) + float(high - low) / 2


def _mode(samples: list[Sample]) -> Any:
    """Return the most frequent value; of several, the one that was reached first in time."""
    ordered = sorted(samples, key=lambda sample: sample[1])
    best, best_count, best_time = ordered[0][1], 0, ordered[0][0]
    current, count, start = ordered[0][1], 0, ordered[0][0]
    if len(ordered) == 1:
        return best
    for time, value, _ in ordered:
        if value != current:
            current, count, start = value, 1, time
            continue
        count += 1
        if best_count > count or (best_count == count and start > best_time):
            continue
        best, best_count, best_time = value, count, time
    return best


def _spread(samples: list[Sample]) -> Any:
    values = [value for _, value, _ in samples]
    return max(values) - min(values)


def _stddev(samples: list[Sample]) -> float:
    """Return the deviation of a sample; Kapacitor sends 0 for a single value."""
    if len(samples) < 2:
        return 0.0
    mean, squares = 0.0, 0.0
    for count, (_, value, _) in enumerate(samples, 1):
        mean += (value - mean) / count
    for _, value, _ in samples:
        squares += (value - mean) ** 2
    return math.sqrt(squares / (len(samples) - 1))


def _first(samples: list[Sample]) -> Sample:
    return functools.reduce(
        lambda best, s: s if s[0] < best[0] or (s[0] == best[0] and s[1] > best[1]) else best,
        samples,
    )


def _last(samples: list[Sample]) -> Sample:
    return functools.reduce(
        lambda best, s: s if s[0] > best[0] or (s[0] == best[0] and s[1] > best[1]) else best,
        samples,
    )


def _min(samples: list[Sample]) -> Sample:
    return functools.reduce(
        lambda best, s: s if s[1] < best[1] or (s[1] == best[1] and s[0] < best[0]) else best,
        samples,
    )


def _max(samples: list[Sample]) -> Sample:
    return functools.reduce(
        lambda best, s: s if s[1] > best[1] or (s[1] == best[1] and s[0] < best[0]) else best,
        samples,
    )


def _percentile(samples: list[Sample], percentile: float) -> Sample | None:
    index = math.floor(len(samples) * percentile / 100 + 0.5) - 1
    if not 0 <= index < len(samples):
        return None
    return sorted(samples, key=lambda sample: sample[1])[index]


ALL_KINDS = (float, int, str, bool)

#: The functions by their names in a script.
FUNCTIONS: dict[str, InfluxFunction] = {
    "count": InfluxFunction(len, ALL_KINDS, empty=0),
    "first": InfluxFunction(_first, ALL_KINDS, selects=True),
    "last": InfluxFunction(_last, ALL_KINDS, selects=True),
    "max": InfluxFunction(_max, selects=True),
    "mean": InfluxFunction(_mean),
    "median": InfluxFunction(_median),
    "min": InfluxFunction(_min, selects=True),
    "mode": InfluxFunction(_mode),
    "percentile": InfluxFunction(_percentile, selects=True),
    "spread": InfluxFunction(_spread),
    "stddev": InfluxFunction(_stddev),
    "sum": InfluxFunction(_sum, empty=0.0),
}
