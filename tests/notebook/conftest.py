"""Handlers, runs and fakes that the tests of this folder share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from kapnb import BATCH, Batch, Handler, Option, Point
from kapnb.notebook import load
from kapnb.notebook._shell import DEBUG
from kapnb.simulation import simulate
from shells import PRELUDE

SECOND = 1_000_000_000


class Mean(Handler):
    """Adds the mean of all values so far."""

    field = Option(str, default="x")

    def group_state(self):
        return []

    def point(self, point, state):
        state.append(point.fields[self.field])
        yield point.with_fields(mean=sum(state) / len(state))


class Mirror(Handler):
    """Passes on what comes."""


class Peak(Handler):
    """Passes on values above a limit."""

    limit = Option(float, default=7.0)

    def point(self, point):
        if point.fields["x"] > self.limit:
            yield point


class BatchMean(Handler):
    """One mean a batch."""

    wants = provides = BATCH

    def batch(self, batch):
        mean = sum(point.fields["x"] for point in batch.points) / len(batch)
        return Batch([Point({"mean": mean}, time=batch.tmax)])


HANDLERS = SimpleNamespace(Mean=Mean, Mirror=Mirror, Peak=Peak, BatchMean=BatchMean)


def make_points(count, *, groups=1, step=SECOND, **fields):
    """Return `count` points that take turns among groups; x is 0, 1, … 9, 0, …."""
    return [
        Point(
            {"x": float(number % 10), **fields},
            time=number * step,
            name="m",
            tags={"host": f"h{number % groups}"},
        )
        for number in range(count)
    ]


def make_batches(count, *, size=5):
    """Return batches of consecutive seconds, of one group."""
    points = make_points(count * size)
    return [
        Batch(
            points[number * size : (number + 1) * size],
            name="m",
            tags={"host": "h0"},
            tmax=(number + 1) * size * SECOND,
        )
        for number in range(count)
    ]


@pytest.fixture
def handlers():
    return HANDLERS


@pytest.fixture
def points():
    return make_points


@pytest.fixture
def batches():
    return make_batches


@pytest.fixture
def run():
    """Simulate a Handler on points made here, or given."""

    def run(handler=Mean, count=40, *, data=None, groups=1, group_by="host", **settings):
        data = make_points(count, groups=groups) if data is None else data
        return simulate(handler, data, group_by=group_by, **settings)

    return run


class Clock:
    """A clock that goes on by what each look at it costs, and by hand."""

    def __init__(self, step=0.0):
        self.now, self.step, self.looks = 0.0, step, 0

    def __call__(self):
        self.looks += 1
        self.now += self.step
        return self.now


class Display:
    """IPython's display: keeps the bundles of one display, as a front end gets them."""

    def __init__(self):
        self.bundles, self.metadata = [], []

    def __call__(self, data, *, raw, display_id, metadata=None):
        assert raw
        assert display_id
        self.update(data, raw=raw, metadata=metadata)
        return self

    def update(self, data, *, raw, metadata=None):
        assert raw
        self.bundles.append(dict(data))
        self.metadata.append(metadata)


@pytest.fixture
def clock():
    return Clock


@pytest.fixture
def display():
    return Display()


@pytest.fixture(scope="module")
def interactive(tmp_path_factory):
    """An IPython shell that writes nothing into the home of who runs the tests."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(
        config=config, ipython_dir=str(tmp_path_factory.mktemp("ipython")), colors="nocolor"
    )
    yield shell
    shell.restore_sys_module_state()


@pytest.fixture
def shell(interactive, monkeypatch):
    """A shell with kapnb loaded, whose tracebacks are kept in `shown`."""
    monkeypatch.delenv(DEBUG, raising=False)
    interactive.shown = []
    monkeypatch.setattr(
        interactive,
        "_showtraceback",
        lambda _, __, lines: interactive.shown.append("\n".join(lines)),
    )
    load(interactive)
    interactive.run_cell(PRELUDE)
    return interactive
