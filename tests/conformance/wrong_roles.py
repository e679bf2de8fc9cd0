"""Roles played wrongly: native Handlers, each with the one defect it is called for."""

import sys

from native_roles import (
    AddField,
    BatchCount,
    BatchCounter,
    BatchFilter,
    Counter,
    FailInit,
    Options,
    Scratch,
    Square,
    Window,
)

from kapnb.agent import claim_stdio, run
from kapnb.handler import Option
from kapnb.model import INT_MAX, INT_MIN, Batch, InitResponse, Point


class InitOnInfo(Options):
    def info(self):
        self.init()
        return super().info()


class OptionsReversed(Options):
    def init(self):
        self.watch.reverse()


class TakesAnything(Options):
    text = Option(str, default="")


class HidesTheCause(FailInit):
    def init(self):
        return InitResponse(False, "it failed")


class ForgetsBatches(BatchCounter):
    def restore(self, snapshot):
        return None


class Forgets(Counter):
    def restore(self, snapshot):
        return None


class LosesTheDatabase(AddField):
    def point(self, point):
        point = point.with_fields(added=1)
        point.database = ""
        yield point


class Invents(Square):
    def point(self, point):
        point.fields.setdefault("x", 0.0)
        yield from super().point(point)


class OneState(Counter):
    def group_state(self):
        self.shared = getattr(self, "shared", None) or super().group_state()
        return self.shared


class Rounds(AddField):
    def point(self, point):
        point.time = max(INT_MIN, min(INT_MAX, int(float(point.time))))
        yield from super().point(point)


class Groupless(Scratch):
    def point(self, point):
        yield Point({"made": 1.0}, tags={}, dimensions=())


class OwnTmax(BatchFilter):
    def point(self, point):
        return None

    def end_batch(self, end):
        yield Batch([], tmax=0)


class BareResult(BatchCount):
    def batch(self, batch):
        yield Point({"count": len(batch)}, tags={}, dimensions=())


class MixesGroups(Window):
    def group_state(self):
        self.only = getattr(self, "only", [])
        return self.only


WRONG = {
    "init-on-info": InitOnInfo,
    "options-reversed": OptionsReversed,
    "takes-anything": TakesAnything,
    "hides-the-cause": HidesTheCause,
    "forgets-batches": ForgetsBatches,
    "forgets": Forgets,
    "loses-the-database": LosesTheDatabase,
    "invents": Invents,
    "one-state": OneState,
    "rounds": Rounds,
    "groupless": Groupless,
    "own-tmax": OwnTmax,
    "bare-result": BareResult,
    "mixes-groups": MixesGroups,
}

if __name__ == "__main__":
    claim_stdio()
    run(WRONG[sys.argv[1]])
