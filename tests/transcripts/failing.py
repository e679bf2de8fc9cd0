"""The misbehaving UDFs of the g_ captures, on our Handler; run as ``failing.py NAME``."""

import math
import os
import signal
import sys
import time

from kapnb import BATCH, Handler, InitResponse
from kapnb.agent import claim_stdio, run

if __name__ == "__main__":
    claim_stdio()
    if sys.argv[1] == "import_error":
        pass
    if sys.argv[1] == "print_startup":
        print("UDF starting up", flush=True)


class Ok(Handler):
    pass


class RaisePoint(Handler):
    def point(self, point, state):
        state["n"] = state.get("n", 0) + 1
        if state["n"] == 3:
            raise ValueError("boom at point 3")
        return point


class InitFail(Handler):
    def init(self):
        return InitResponse(False, "must supply field name")


class InitRaise(Handler):
    def init(self):
        raise KeyError("field")


class PrintStdout(Handler):
    def point(self, point):
        print("got point", point.time, flush=True)
        os.write(1, b"and some bytes\n")
        return point


class PrintStartup(Handler):
    pass


class HangPoint(Handler):
    busy_limit = 1.0

    def point(self, point):
        time.sleep(3600)


class HangInit(Handler):
    busy_limit = 1.0

    def init(self):
        time.sleep(3600)


class ExitEarly0(Handler):
    def point(self, point):
        os._exit(0)


class Sigkill(Handler):
    def point(self, point):
        os.kill(os.getpid(), signal.SIGKILL)


class ErrorResponse(Handler):
    def point(self, point):
        raise RuntimeError("explicit ErrorResponse text")


class SnapshotStr(Handler):
    def snapshot(self):
        return ""


class EmptyMessage(Handler):
    def point(self, point):
        return [None]


class EndWithoutBegin(Handler):
    provides = BATCH

    def point(self, point):
        return point


class NanInf(Handler):
    def point(self, point):
        for value in (math.nan, math.inf, -math.inf):
            yield point.with_fields(x=value)


if __name__ == "__main__":
    run(globals()["".join(word.capitalize() for word in sys.argv[1].split("_"))])
