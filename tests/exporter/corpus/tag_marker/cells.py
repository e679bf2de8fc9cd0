# The cell tag marks the one class of several that is a Handler, through bases elsewhere too.
# %%
import logging
from dataclasses import dataclass
from kapnb import Handler
class Base(Handler):
    """Common to all."""
# %% tags=["udf"]
class Log(logging.Handler):
    """Another kind of handler."""


@dataclass
class State:
    count: int = 0


class Counter(Base):
    """Counts."""

    def group_state(self):
        return State()

    def point(self, point, state):
        state.count += 1
        yield point.with_fields(count=state.count)
# %%
from kapnb import Point, simulate
simulate(Counter, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
