"""Handlers for the tests of faults: correct ones, and ones with a bug each."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from typing import ClassVar

from kapnb import BATCH, STREAM, Batch, Handler, Point
from kapnb.errors import SnapshotError

SECOND = 10**9

COUNTS: dict[str, int] = {}
TOTAL = 0


def points(count=120, groups="ab"):
    """Return points of several groups, with two fields that differ."""
    return [
        Point(
            {"x": float(n * n % 97), "y": 1.5},
            time=n * SECOND,
            name="m",
            tags={"host": groups[n % len(groups)]},
            dimensions=("host",),
        )
        for n in range(1, count + 1)
    ]


def batches(count=12, size=6):
    """Return batches of two groups."""
    return [
        Batch(
            [
                Point({"x": float(index * 7 + n), "y": 1.5}, time=(index * 10 + n) * SECOND)
                for n in range(size)
            ],
            name="m",
            tags={"host": "ab"[index % 2]},
            tmax=(index * 10 + 9) * SECOND,
        )
        for index in range(count)
    ]


# ------------------------------------------------------------------------- correct


class Mirror(Handler):
    """Every point as it came."""


class Doubled(Handler):
    """Stateless, and bears whatever comes."""

    def point(self, point):
        value = point.fields.get("x")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield point.with_fields(double=2.0 * value)


class Summed(Handler):
    """Treats all fields alike, and names them."""

    def point(self, point):
        values = [value for value in point.fields.values() if isinstance(value, float)]
        yield point.with_fields(sum=sum(values) + 0.1, names=",".join(point.fields))


class Average(Handler):
    """A moving average with its state in the groups."""

    def group_state(self):
        return deque(maxlen=5)

    def point(self, point, state):
        value = point.fields.get("x")
        if isinstance(value, float):
            state.append(value)
            yield point.with_fields(mean=sum(state) / len(state))


class Widest(Handler):
    """One point a batch, and none for an empty one."""

    wants, provides = BATCH, STREAM

    def group_state(self):
        return {"most": 0.0}

    def batch(self, batch, state):
        values = [point.fields["x"] for point in batch.points if "x" in point.fields]
        if all(isinstance(value, float) for value in values) and values:
            state["most"] = max(state["most"], max(values) - min(values))
            yield Point({"most": state["most"]})


class Counted(Handler):
    """Asynchronous, with state."""

    def group_state(self):
        return {"count": 0}

    async def point(self, point, state):
        await asyncio.sleep(0)
        state["count"] += 1
        return point.with_fields(count=state["count"])


class Windowed(Handler):
    """Makes batches of its own, and keeps points until then."""

    provides = BATCH

    def group_state(self):
        return []

    def point(self, point, state):
        state.append(point)
        if len(state) == 5:
            yield Batch(list(state), tmax=point.time)
            state.clear()


# ------------------------------------------------------------------- one bug each


class Positional(Handler):
    """Takes fields by position."""

    def point(self, point):
        row = list(point.fields.values())
        yield point.with_fields(score=row[0] - row[-1])


class Careless(Handler):
    """Takes for granted that every field is there."""

    def point(self, point):
        yield point.with_fields(z=point.fields["x"] + point.fields["y"])


class Slope(Handler):
    """Divides by a time difference that may be zero."""

    def group_state(self):
        return {}

    def point(self, point, state):
        if state:
            step = point.time - state["time"]
            yield point.with_fields(slope=(point.time - state["time"]) / step)
        state["time"] = point.time


class InGlobal(Handler):
    """Keeps its count in a module's global dict."""

    def point(self, point):
        COUNTS[point.group] = COUNTS.get(point.group, 0) + 1
        yield point.with_fields(count=COUNTS[point.group])


class InGlobalNumber(Handler):
    """Keeps its count in a module's global number."""

    def point(self, point):
        global TOTAL
        TOTAL += 1
        yield point.with_fields(count=TOTAL)


class InClass(Handler):
    """Keeps the last value on its class."""

    last: ClassVar = {}

    def point(self, point):
        yield point.with_fields(step=point.fields["x"] - self.last.get(point.group, 0.0))
        self.last[point.group] = point.fields["x"]


class InDefault(Handler):
    """Keeps what it saw in a default argument."""

    def point(self, point):
        yield point.with_fields(seen=self.count(point.time))

    @staticmethod
    def count(time, seen=[]):  # the bug
        seen.append(time)
        return len(seen)


class InObject(Handler):
    """Keeps the last value on itself."""

    def __init__(self):
        self.last = {}

    def point(self, point):
        yield point.with_fields(step=point.fields["x"] - self.last.get(point.group, 0.0))
        self.last[point.group] = point.fields["x"]


class Rounding(Handler):
    """Its own snapshot loses digits."""

    def group_state(self):
        return [0.0]

    def snapshot(self):
        return json.dumps(
            {key: round(one[0], 1) for key, one in self.group_states.items()}
        ).encode()

    def restore(self, snapshot):
        try:
            self.group_states = {key: [one] for key, one in json.loads(snapshot).items()}
        except ValueError as error:
            raise SnapshotError(str(error)) from error

    def point(self, point, state):
        state[0] += point.fields["x"] / 7
        yield point.with_fields(total=state[0])


class Unkept(Handler):
    """Has a state that no snapshot can hold."""

    def group_state(self):
        return {"count": 0, "lambda": lambda: 0}

    def point(self, point, state):
        state["count"] += 1
        yield point.with_fields(count=state["count"])


class Leaking(Handler):
    """Shares a sum between groups."""

    def __init__(self):
        self.sum = 0.0

    def point(self, point):
        value = point.fields.get("x")
        self.sum += value if isinstance(value, float) else 0.0
        yield point.with_fields(sum=self.sum)


class Random(Handler):
    """Never gives the same twice."""

    def point(self, point):
        yield point.with_fields(noise=random.random())


def closure_handler():
    """Return a Handler whose state is in a closure."""
    seen = {}

    class InClosure(Handler):
        def point(self, point):
            seen[point.group] = seen.get(point.group, 0) + 1
            yield point.with_fields(count=seen[point.group])

    return InClosure


def official_counter(*, keeps):
    """Return a Handler of the official API that counts, with or without a snapshot."""
    from kapnb.compat import udf_pb2
    from kapnb.compat.agent import Handler as OfficialHandler

    class Counter(OfficialHandler):
        def __init__(self, agent):
            self._agent = agent
            self._count = 0

        def info(self):
            return udf_pb2.Response(info={"wants": udf_pb2.STREAM, "provides": udf_pb2.STREAM})

        def init(self, request):
            return udf_pb2.Response(init={"success": True})

        def snapshot(self):
            state = str(self._count).encode() if keeps else b""
            return udf_pb2.Response(snapshot={"snapshot": state})

        def restore(self, request):
            self._count = int(request.snapshot)
            return udf_pb2.Response(restore={"success": True})

        def point(self, point):
            self._count += 1
            response = udf_pb2.Response()
            response.point.CopyFrom(point)
            response.point.fieldsInt["count"] = self._count
            self._agent.write_response(response)

    return Counter


def official_positional():
    """Return a Handler of the official API that takes fields by position."""
    from kapnb.compat import udf_pb2
    from kapnb.compat.agent import Handler as OfficialHandler

    class Row(OfficialHandler):
        def __init__(self, agent):
            self._agent = agent

        def info(self):
            return udf_pb2.Response(info={"wants": udf_pb2.STREAM, "provides": udf_pb2.STREAM})

        def init(self, request):
            return udf_pb2.Response(init={"success": True})

        def point(self, point):
            row = list(point.fieldsDouble.values())
            response = udf_pb2.Response()
            response.point.CopyFrom(point)
            response.point.fieldsDouble["score"] = row[0] - row[-1]
            self._agent.write_response(response)

    return Row
