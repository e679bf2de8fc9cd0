"""The benchmarks' Handlers, written for kapnb; run as ``native.py NAME [--socket PATH]``."""

import sys

from kapnb.agent import claim_stdio

OPTIONS = {"field": ["STRING"]}
if __name__ == "__main__" and "--socket" not in sys.argv:
    edge = "BATCH" if sys.argv[1].startswith("batch") else "STREAM"
    claim_stdio(wants=edge, provides=edge, options=OPTIONS)

from collections import deque  # noqa: E402

from kapnb import BATCH, Duration, Handler, Option  # noqa: E402
from kapnb.agent import run  # noqa: E402

SIZE = 50


class Mirror(Handler):
    """Every point back, untouched."""

    field = Option(str, default="")

    def point(self, point):
        return point


class MovingAverage(Handler):
    """Mean of the last values of a field, per group."""

    field = Option(str)

    def group_state(self):
        return deque(maxlen=SIZE)

    def point(self, point, state):
        state.append(point.fields[self.field])
        yield point.with_fields(mean=sum(state) / len(state))


class BatchMirror(Handler):
    """Every batch back, untouched."""

    wants = provides = BATCH
    field = Option(str, default="")


class Expiring(MovingAverage):
    """A moving average that forgets groups which have been idle."""

    group_idle = Duration.parse("1m")


NAMES = {
    "mirror": Mirror,
    "average": MovingAverage,
    "batch": BatchMirror,
    "expiring": Expiring,
}

if __name__ == "__main__":
    handler = NAMES[sys.argv[1]]
    if "--socket" in sys.argv:
        from kapnb.agent import Server

        Server(sys.argv[3], handler).serve()
    else:
        run(handler)
