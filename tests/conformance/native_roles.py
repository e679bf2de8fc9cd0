"""The roles of `kapnb conformance`, played by native Handlers.

    kapnb conformance -- python native_roles.py {case}
    kapnb conformance --socket '/tmp/{case}.sock' -- python native_roles.py {case} --socket {socket}

Which role is meant the kit says in KAPNB_CASE_ROLE; docs/conformance.md describes them.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from kapnb.agent import claim_stdio, run, run_server
from kapnb.cli import main as kapnb
from kapnb.handler import Handler, Option
from kapnb.model import BATCH, STREAM, Batch, Duration, Point

TIMEOUT_S = float(os.environ.get("KAPNB_CASE_TIMEOUT", "3"))


class RoleError(Exception):
    """What roles raise."""


class Mirror(Handler):
    pass


class AddField(Handler):
    def point(self, point):
        yield point.with_fields(added=1)


class EmptyResponse(Handler):
    def point(self, point):
        yield None


class Print(Handler):
    def point(self, point):
        print("case 11 print", flush=True)
        sys.stdout.write("case 11 write\n")
        sys.stdout.flush()
        os.write(1, b"case 11 fd\n")
        subprocess.run(["echo", "case 11 child"], check=True)
        yield point


class Options(Handler):
    text = Option(str)
    count = Option(int, default=None)
    ratio = Option(float, default=None)
    on = Option(bool, default=None)
    every = Option(Duration, default=None)
    pair = Option(str, int, default=None)
    quick = Option()
    watch = Option(str, many=True)

    def init(self):
        print("init called", file=sys.stderr)

    def point(self, point):
        fields = {"text": self.text, "quick": self.quick or None}
        fields |= {"count": self.count, "ratio": self.ratio, "on": self.on}
        fields["every"] = None if self.every is None else int(self.every)
        fields["pair_0"], fields["pair_1"] = self.pair or (None, None)
        fields["watch"] = ",".join(self.watch) or None
        yield point.with_fields({name: v for name, v in fields.items() if v is not None})


class EmitEarly(Handler):
    def init(self):
        self.emit(self.early("init"))

    def restore(self, snapshot):
        self.emit(self.early("restore"))

    def early(self, where):
        return Point({"in": where}, time=1, name="early", tags={}, dimensions=())


class FailInit(Handler):
    def init(self):
        raise RoleError("case 17 failed on purpose")


class SlowPoint(Handler):
    def point(self, point):
        time.sleep(2 * TIMEOUT_S)
        return point


class Hang(Handler):
    seen = 0

    def point(self, point):
        self.seen += 1
        if self.seen == 2:
            threading.Event().wait()
        return point


class Counter(Handler):
    step = Option(int, default=1)

    def group_state(self):
        return {"seen": 0, "total": 0.0}

    def point(self, point, state):
        state["seen"] += self.step
        state["total"] += point.fields["value"]
        yield point.with_fields(seen=state["seen"], total=state["total"])


class BatchCounter(Handler):
    wants, provides = BATCH, BATCH

    def group_state(self):
        return {"seen": 0}

    def point(self, point, state):
        state["seen"] += 1
        yield point.with_fields(seen=state["seen"])


class Retype(Handler):
    def point(self, point):
        values = {"int": 1, "double": 2.5, "string": "three", "bool": True}
        last = values.pop(point.fields["last"])
        for value in (*values.values(), last):
            point.fields["value"] = value
        yield point


class Square(Handler):
    def point(self, point):
        x = point.fields["x"]
        yield point.with_fields(square=x * x, rest=x * x - x * x)


class Repeat(Handler):
    def point(self, point):
        for at in range(point.fields["times"]):
            yield point.with_fields(copy=at)


class Scratch(Handler):
    def point(self, point):
        yield Point({"made": 1.0})


class EmitThreads(Handler):
    wants, provides = BATCH, BATCH
    threads = ()

    def batch(self, batch):
        if not self.threads:
            self.threads = [
                threading.Thread(target=self.speak, args=(str(number),)) for number in range(4)
            ]
            for thread in self.threads:
                thread.start()
        return batch

    def speak(self, name):
        for number in range(25):
            tags = {"thread": name}
            points = [Point({"n": at}, tags=tags, time=number) for at in range(3)]
            self.emit(Batch(points, name="emitted", tags=tags, tmax=number))


class BatchFilter(Handler):
    wants, provides = BATCH, BATCH

    def point(self, point):
        if point.fields["keep"]:
            yield point


class BatchFail(Handler):
    wants, provides = BATCH, BATCH

    def point(self, point):
        if point.fields["fail"]:
            raise RoleError("on purpose")
        yield point


class BatchCount(Handler):
    wants, provides = BATCH, STREAM

    def batch(self, batch):
        yield Point({"count": len(batch)})


class Window(Handler):
    wants, provides = STREAM, BATCH

    def group_state(self):
        return []

    def point(self, point, state):
        state.append(point)
        if len(state) == 3:
            yield Batch(state)
            state.clear()


class ThreadsAlive(Handler):
    def init(self):
        threading.Thread(target=threading.Event().wait).start()


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


def main(case, *server):
    """Serve the role on stdio, or with ``--socket PATH`` in `server`."""
    role = os.environ["KAPNB_CASE_ROLE"]
    if not server:
        claim_stdio()
    if role == "slow-import":  # a module of its own: `kapnb run` is up before it is loaded
        sys.exit(kapnb(["run", str(Path(__file__).with_name("slow_role.py")), *server]))
    if server:
        run_server(ROLES[role], server[1])
    run(ROLES[role])


if __name__ == "__main__":
    main(*sys.argv[1:])
