"""The roles of `kapnb conformance`, played by Handlers of the official Python API.

    kapnb conformance -- kapnb run official_roles.py {case}
    kapnb conformance --socket '/tmp/{case}.sock' -- kapnb run official_roles.py {case} {socket}

Handlers are written as a careful user of that API writes them: responses are not flushed, as
in the official examples, and what belongs together is written under a lock. Which role is
meant the kit says in KAPNB_CASE_ROLE; docs/conformance.md describes them.
"""

import json
import os
import subprocess
import sys
import threading
import time
from typing import ClassVar

TIMEOUT_S = float(os.environ.get("KAPNB_CASE_TIMEOUT", "3"))
ROLE = os.environ["KAPNB_CASE_ROLE"]
if ROLE == "slow-import":
    time.sleep(2 * TIMEOUT_S)

from kapacitor.udf import udf_pb2  # noqa: E402  # the module is meant to load slowly
from kapacitor.udf.agent import Agent, Handler, Server  # noqa: E402

STREAM, BATCH = udf_pb2.STREAM, udf_pb2.BATCH
FIELDS = ("fieldsInt", "fieldsDouble", "fieldsString", "fieldsBool")


class RoleError(Exception):
    """What roles raise."""


def set_field(point, kind, name, value):
    """Set a field of one type; one of another type would stay beside it."""
    for other in FIELDS:
        if name in getattr(point, other):
            del getattr(point, other)[name]
    getattr(point, kind)[name] = value


class Mirror(Handler):
    """The role `mirror`, and the base of the others."""

    wants, provides = STREAM, STREAM

    def __init__(self, agent):
        self._agent = agent

    def info(self):
        response = udf_pb2.Response()
        response.info.wants, response.info.provides = self.wants, self.provides
        return response

    def init(self, init_req):
        response = udf_pb2.Response()
        response.init.success = True
        return response

    def snapshot(self):
        response = udf_pb2.Response()
        response.snapshot.snapshot = b""
        return response

    def restore(self, restore_req):
        response = udf_pb2.Response()
        response.restore.success = True
        return response

    def begin_batch(self, begin_req):
        raise NotImplementedError

    def point(self, point):
        self.write(point)

    def end_batch(self, end_req):
        raise NotImplementedError

    def write(self, point):
        response = udf_pb2.Response()
        response.point.CopyFrom(point)
        self._agent.write_response(response)


class AddField(Mirror):
    def point(self, point):
        point.fieldsInt["added"] = 1
        self.write(point)


class EmptyResponse(Mirror):
    def point(self, point):
        self._agent.write_response(udf_pb2.Response())


class Print(Mirror):
    def point(self, point):
        print("case 11 print", flush=True)
        sys.stdout.write("case 11 write\n")
        sys.stdout.flush()
        os.write(1, b"case 11 fd\n")
        subprocess.run(["echo", "case 11 child"], check=True)
        self.write(point)


class Options(Mirror):
    kinds: ClassVar = {
        "text": ["STRING"],
        "count": ["INT"],
        "ratio": ["DOUBLE"],
        "on": ["BOOL"],
        "every": ["DURATION"],
        "pair": ["STRING", "INT"],
        "quick": [],
        "watch": ["STRING"],
    }
    maps: ClassVar = {
        "text": "fieldsString",
        "count": "fieldsInt",
        "ratio": "fieldsDouble",
        "on": "fieldsBool",
        "every": "fieldsInt",
    }

    def info(self):
        response = super().info()
        for name, kinds in self.kinds.items():
            types = response.info.options[name].valueTypes
            types.extend(getattr(udf_pb2, kind) for kind in kinds)
        return response

    def init(self, init_req):
        print("init called", file=sys.stderr)
        response = super().init(init_req)
        problems = [] if any(o.name == "text" for o in init_req.options) else ["text is missing"]
        self.fields = {}
        for option in init_req.options:
            wanted = self.kinds.get(option.name)
            if wanted is None:
                problems.append(f"there is no option {option.name}")
            elif [value.type for value in option.values] != [
                getattr(udf_pb2, kind) for kind in wanted
            ]:
                problems.append(f"{option.name} must have {wanted}")
            else:
                values = [
                    getattr(value, f"{kind.lower()}Value")
                    for value, kind in zip(option.values, wanted, strict=True)
                ]
                self.take(option.name, values)
        if problems:
            response.init.success, response.init.error = False, "; ".join(problems)
        return response

    def take(self, name, values):
        if name == "pair":
            self.fields["pair_0"] = ("fieldsString", values[0])
            self.fields["pair_1"] = ("fieldsInt", values[1])
        elif name == "quick":
            self.fields["quick"] = ("fieldsBool", True)
        elif name == "watch":
            before = [self.fields["watch"][1]] if "watch" in self.fields else []
            self.fields["watch"] = ("fieldsString", ",".join([*before, *values]))
        else:
            self.fields[name] = (self.maps[name], values[0])

    def point(self, point):
        for name, (kind, value) in self.fields.items():
            getattr(point, kind)[name] = value
        self.write(point)


class EmitEarly(Mirror):
    def init(self, init_req):
        self.early("init")
        return super().init(init_req)

    def restore(self, restore_req):
        self.early("restore")
        return super().restore(restore_req)

    def early(self, where):
        point = udf_pb2.Point(name="early", time=1)
        point.fieldsString["in"] = where
        self.write(point)


class FailInit(Mirror):
    def init(self, init_req):
        raise RoleError("case 17 failed on purpose")


class SlowPoint(Mirror):
    def point(self, point):
        time.sleep(2 * TIMEOUT_S)
        self.write(point)


class Hang(Mirror):
    seen = 0

    def point(self, point):
        self.seen += 1
        if self.seen == 2:
            threading.Event().wait()
        self.write(point)


class Counter(Mirror):
    step = 1

    def __init__(self, agent):
        super().__init__(agent)
        self.states = {}

    def info(self):
        response = super().info()
        response.info.options["step"].valueTypes.append(udf_pb2.INT)
        return response

    def init(self, init_req):
        for option in init_req.options:
            self.step = option.values[0].intValue
        return super().init(init_req)

    def snapshot(self):
        response = udf_pb2.Response()
        response.snapshot.snapshot = json.dumps([self.step, self.states]).encode()
        return response

    def restore(self, restore_req):
        response = udf_pb2.Response()
        try:
            step, states = json.loads(restore_req.snapshot)
            if step != self.step:
                raise ValueError(f"the snapshot was taken with step {step}")
        except ValueError as error:
            response.restore.success = False
            response.restore.error = f"the snapshot cannot be used: {error}"
        else:
            self.states = states
            response.restore.success = True
        return response

    def point(self, point):
        state = self.states.setdefault(point.group, {"seen": 0, "total": 0.0})
        state["seen"] += self.step
        state["total"] += point.fieldsDouble["value"]
        point.fieldsInt["seen"] = state["seen"]
        point.fieldsDouble["total"] = state["total"]
        self.write(point)


class Batches(Mirror):
    """A mirror of batches; subclasses say which points go out, and how."""

    wants, provides = BATCH, BATCH

    def __init__(self, agent):
        super().__init__(agent)
        self.lock = threading.Lock()

    def begin_batch(self, begin_req):
        self.begin = udf_pb2.BeginBatch()
        self.begin.CopyFrom(begin_req)
        self.points = []

    def point(self, point):
        if self.keeps(point):
            copy = udf_pb2.Point()
            copy.CopyFrom(point)
            self.points.append(copy)

    def keeps(self, point):
        return True

    def end_batch(self, end_req):
        self.write_batch(self.begin, self.points, end_req)

    def write_batch(self, begin, points, end):
        with self.lock:
            response = udf_pb2.Response()
            response.begin.CopyFrom(begin)
            response.begin.size = len(points)
            self._agent.write_response(response)
            for point in points:
                self.write(point)
            response = udf_pb2.Response()
            response.end.CopyFrom(end)
            self._agent.write_response(response)


class BatchCounter(Batches):
    def __init__(self, agent):
        super().__init__(agent)
        self.states = {}
        self.before = None

    def begin_batch(self, begin_req):
        super().begin_batch(begin_req)
        self.before = dict(self.states)

    def point(self, point):
        self.states[point.group] = self.states.get(point.group, 0) + 1
        point.fieldsInt["seen"] = self.states[point.group]
        super().point(point)

    def end_batch(self, end_req):
        self.before = None
        super().end_batch(end_req)

    def snapshot(self):
        response = udf_pb2.Response()
        states = self.states if self.before is None else self.before
        response.snapshot.snapshot = json.dumps(states).encode()
        return response

    def restore(self, restore_req):
        self.states = json.loads(restore_req.snapshot)
        return super().restore(restore_req)


class Retype(Mirror):
    values: ClassVar = {
        "int": ("fieldsInt", 1),
        "double": ("fieldsDouble", 2.5),
        "string": ("fieldsString", "three"),
        "bool": ("fieldsBool", True),
    }

    def point(self, point):
        last = point.fieldsString["last"]
        for kind in sorted(self.values, key=lambda kind: kind == last):
            field, value = self.values[kind]
            set_field(point, field, "value", value)
        self.write(point)


class Square(Mirror):
    def point(self, point):
        x = point.fieldsDouble.get("x")  # [] would add the field where it is missing
        if x is not None:
            point.fieldsDouble["square"] = x * x
            point.fieldsDouble["rest"] = x * x - x * x
        self.write(point)


class Repeat(Mirror):
    def point(self, point):
        for at in range(point.fieldsInt["times"]):
            point.fieldsInt["copy"] = at
            self.write(point)


class Scratch(Mirror):
    def point(self, point):
        made = udf_pb2.Point(time=point.time, name=point.name, group=point.group)
        made.fieldsDouble["made"] = 1.0
        self.write(made)


class EmitThreads(Batches):
    threads = ()

    def end_batch(self, end_req):
        if not self.threads:
            self.threads = [
                threading.Thread(target=self.speak, args=(str(number),)) for number in range(4)
            ]
            for thread in self.threads:
                thread.start()
        super().end_batch(end_req)

    def speak(self, name):
        for number in range(25):
            begin = udf_pb2.BeginBatch(name="emitted", group=f"thread={name}")
            end = udf_pb2.EndBatch(name="emitted", group=begin.group, tmax=number)
            points = [udf_pb2.Point(time=number, group=begin.group) for _ in range(3)]
            for at, point in enumerate(points):
                point.fieldsInt["n"] = at
            for message in (begin, end, *points):
                message.tags["thread"] = name
            self.write_batch(begin, points, end)


class BatchFilter(Batches):
    def keeps(self, point):
        return point.fieldsBool["keep"]


class BatchFail(Batches):
    def keeps(self, point):
        if point.fieldsBool["fail"]:
            raise RoleError("on purpose")
        return True


class BatchCount(Batches):
    provides = STREAM

    def end_batch(self, end_req):
        point = udf_pb2.Point(time=end_req.tmax, name=end_req.name, group=end_req.group)
        point.byName = self.begin.byName
        point.dimensions.extend(sorted(end_req.tags))
        for name in end_req.tags:
            point.tags[name] = end_req.tags[name]
        point.fieldsInt["count"] = len(self.points)
        self.write(point)


class Window(Batches):
    wants, provides = STREAM, BATCH

    def __init__(self, agent):
        super().__init__(agent)
        self.windows = {}

    def point(self, point):
        copy = udf_pb2.Point()
        copy.CopyFrom(point)
        window = self.windows.setdefault(point.group, [])
        window.append(copy)
        if len(window) == 3:
            begin = udf_pb2.BeginBatch(name=point.name, group=point.group, byName=point.byName)
            end = udf_pb2.EndBatch(name=point.name, group=point.group, tmax=point.time)
            for name in point.dimensions:
                begin.tags[name] = end.tags[name] = point.tags[name]
            self.write_batch(begin, window, end)
            window.clear()


class ThreadsAlive(Mirror):
    def init(self, init_req):
        threading.Thread(target=threading.Event().wait).start()
        return super().init(init_req)


ROLES = {
    "mirror": Mirror,
    "add-field": AddField,
    "empty-response": EmptyResponse,
    "print": Print,
    "options": Options,
    "emit-early": EmitEarly,
    "fail-init": FailInit,
    "slow-point": SlowPoint,
    "hang": Hang,
    "slow-import": Mirror,
    "counter": Counter,
    "batch-counter": BatchCounter,
    "retype": Retype,
    "square": Square,
    "repeat": Repeat,
    "scratch": Scratch,
    "emit-threads": EmitThreads,
    "batch-filter": BatchFilter,
    "batch-fail": BatchFail,
    "batch-count": BatchCount,
    "window": Window,
    "threads-alive": ThreadsAlive,
}


class Accepter:
    """Gives each connection of a Server an Agent and a Handler of its own."""

    def accept(self, connection, address):
        agent = Agent(connection, connection)
        agent.handler = ROLES[ROLE](agent)
        agent.start()
        agent.wait()


def main(socket_path=None):
    if socket_path is not None:
        Server(socket_path, Accepter()).serve()
        return
    agent = Agent()
    agent.handler = ROLES[ROLE](agent)
    agent.start()
    agent.wait()


if __name__ == "__main__":
    main(*sys.argv[2:])
