"""Handlers and data that the tests of this folder share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kapnb import BATCH, Batch, Handler, Option, Point

SECOND = 1_000_000_000


class Peak(Handler):
    """Passes on values above a limit."""

    limit = Option(float)
    every = Option(int, default=1)

    def point(self, point):
        if point.fields["x"] > self.limit and point.time // SECOND % self.every == 0:
            yield point


class Flagged(Handler):
    """Passes on all, and says which are above a limit."""

    limit = Option(float)

    def point(self, point):
        yield point.with_fields(high=point.fields["x"] > self.limit)


class Means(Handler):
    """One mean a batch, and its largest point."""

    wants = provides = BATCH
    limit = Option(float, default=0.0)

    def batch(self, batch):
        high = [point for point in batch.points if point.fields["x"] > self.limit]
        return Batch([Point({"high": point.fields["x"]}, time=point.time) for point in high])


def make_points(count, groups=1):
    """Return points that take turns among groups; x is 0, 1, … 9, 0, …."""
    return [
        Point(
            {"x": float(number % 10)},
            time=number * SECOND,
            name="m",
            tags={"host": f"h{number % groups}"},
        )
        for number in range(count)
    ]


@pytest.fixture
def handlers():
    return SimpleNamespace(Peak=Peak, Flagged=Flagged, Means=Means)


@pytest.fixture
def points():
    return make_points
