# A Handler travels with the helpers, constants and imports it needs, and nothing else.
# %% [markdown]
# A moving average.
# %%
%load_ext kapnb
from kapnb import Handler, Option, STREAM, simulate, udf
import matplotlib.pyplot as plt
import pandas as pd
from collections import deque
# %%
# Readings come in half units.
SCALE = 2.0
UNUSED = 3


def helper(x):
    # keep this comment
    return x   *   SCALE
# %%
@udf
class MovingAverage(Handler):
    """Mean of the last `size` values of `field`, per group.

    More about it.
    """

    wants, provides = STREAM, STREAM
    field = Option(str, doc="numeric field to average")
    size = Option(int, default=10, doc="window length, in points")

    def group_state(self):
        return deque(maxlen=self.size)

    def point(self, point, state):
        state.append(helper(point.fields[self.field]))
        yield point.with_fields(mean=sum(state) / len(state))
# %%
df = pd.DataFrame({"flow": [1.0, 2.0, 4.0]}, index=pd.to_datetime([1, 2, 3]))
sim = simulate(MovingAverage, df, options={"field": "flow"})
plt.plot(sim.frame["mean"]);
