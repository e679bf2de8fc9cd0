"""Handlers to walk, runs of them with checkpoints as dense as can be, and the plain way back."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

import numpy as np

import handlers_of_faults as zoo
from kapnb import BATCH, Handler, Option, Point, simulate
from kapnb.faults._compare import look
from kapnb.simulation import _checkpoints
from kapnb.simulation._checkpoints import own_attributes
from kapnb.timemachine._replay import Replay

SECOND = 10**9
SEEN = []


@dataclass
class Window:
    """A state of a class of its own."""

    values: deque = field(default_factory=lambda: deque(maxlen=4))
    total: float = 0.0


class Welford:
    """A state of a class that no snapshot knows."""

    def __init__(self):
        self.n, self.mean = 0, 0.0

    def add(self, value):
        self.n += 1
        self.mean += (value - self.mean) / self.n


class Windowed(Handler):
    """A dataclass a group."""

    def group_state(self):
        return Window()

    def point(self, point, state):
        state.values.append(point.fields["x"])
        state.total += point.fields["x"]
        yield point.with_fields(mean=sum(state.values) / len(state.values), total=state.total)


class Keeping(Handler):
    """Keeps points of the wire, and changes some of them."""

    def group_state(self):
        return {"last": None, "all": []}

    def point(self, point, state):
        if state["last"] is not None:
            yield point.with_fields(before=state["last"].fields["x"])
        point.fields["seen"] = len(state["all"])
        state["all"] = [*state["all"][-2:], point]
        state["last"] = point


class OnItself(Handler):
    """Everything on itself: an object, an array, a generator of random numbers, a reference."""

    def init(self):
        self.stats, self.ring = Welford(), np.zeros(5)
        self.rng, self.same = random.Random(3), self.stats
        self.log = logging.getLogger("walked")
        self.method = self.step

    def step(self, value):
        self.stats.add(value)
        return self.same.n

    def point(self, point):
        n = self.method(point.fields["x"])
        self.ring[n % 5] = point.fields["x"]
        self.log.info("number %d", n)
        yield point.with_fields(n=n, top=float(self.ring.max()), noise=self.rng.random())


class InGlobal(Handler):
    """Keeps what it saw in a global."""

    def point(self, point):
        SEEN.append(point.fields["x"])
        yield point.with_fields(n=len(SEEN))


class Limited(Handler):
    """Lets groups go."""

    group_cap, group_idle = 2, 9 * SECOND

    def group_state(self):
        return {"n": 0}

    def point(self, point, state):
        state["n"] += 1
        yield point.with_fields(n=state["n"])

    def group_expired(self, group, state):
        yield Point({"n": state["n"]}, name="over", tags={"was": group}, dimensions=["was"])


class Asynchronous(Handler):
    """Waits in between."""

    def group_state(self):
        return []

    async def point(self, point, state):
        await asyncio.sleep(0)
        state.append(point.fields["x"])
        yield point.with_fields(n=len(state))


class Skipping(Handler):
    """Fails on some points, and goes on."""

    error_policy = "skip"

    def point(self, point, state):
        state["n"] = state.get("n", 0) + 1
        if state["n"] % 4 == 0:
            raise ValueError("every fourth")
        yield point.with_fields(n=state["n"])


class Failing(Handler):
    """Fails once it has seen enough."""

    enough = Option(int, default=17)

    def point(self, point, state):
        state["n"] = state.get("n", 0) + 1
        share = 1 / (self.enough - state["n"])
        yield point.with_fields(share=share)


class Spans(Handler):
    """Batches in, batches out."""

    wants = provides = BATCH

    def group_state(self):
        return {"widest": 0.0}

    def batch(self, batch, state):
        values = [point.fields["x"] for point in batch.points]
        state["widest"] = max(state["widest"], max(values) - min(values))
        yield batch
        yield Point({"widest": state["widest"]})


class Exhausted(Handler):
    """Its state is a generator, which nothing can copy."""

    def init(self):
        self.numbers = iter(n * n for n in range(10**6))

    def point(self, point):
        yield point.with_fields(n=next(self.numbers))


STREAMS = [
    zoo.Average,
    zoo.Counted,
    zoo.InClass,
    zoo.Mirror,
    zoo.Widest,
    zoo.official_counter(keeps=True),
    Asynchronous,
    Exhausted,
    Failing,
    InGlobal,
    Keeping,
    Limited,
    OnItself,
    Skipping,
    Windowed,
]


@contextmanager
def dense():
    """Let every look take a checkpoint."""
    with patch.object(_checkpoints, "EVERY_S", 0.0), patch.object(_checkpoints, "SHARE", 1e9):
        yield


def run_of(handler, data, **settings):
    """Run with checkpoints as dense as can be; errors are kept."""
    with dense():
        return simulate(handler, data, errors="keep", progress=False, **settings)


def states(run):
    """Return what a Handler holds after each input, by leading one from the very start."""
    replay = Replay(run, use_checkpoints=False)
    seen = []
    with replay.there():
        for position in range(len(run.inputs)):
            if not replay.reach(position):
                break
            replay.feed()
            seen.append(told(replay))
        replay.stop()
    return seen


def told(replay):
    """Return all that a Handler holds as text."""
    parts = [repr_of(replay.handler.group_states), repr_of(own_attributes(replay.handler))]
    return "\n".join([*parts, repr_of(replay.checkpoints.hidden.held())])


def repr_of(value):
    """Return a value as text that tells all of it, and no addresses."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {repr_of(one)}' for key, one in value.items())}}}"
    if isinstance(value, (list, tuple, deque)):
        return f"{type(value).__name__}[{', '.join(map(repr_of, value))}]"
    if isinstance(value, logging.Logger):
        return value.name
    if isinstance(value, random.Random):
        return repr(hash(value.getstate()))
    if hasattr(value, "__dict__") and not callable(value) and not isinstance(value, Handler):
        return f"{type(value).__name__}{repr_of(vars(value))}"
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))


def looks(items):
    """Return items as values that can be compared."""
    return [look(item) for item in items]
