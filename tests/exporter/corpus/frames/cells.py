# A Handler that takes DataFrames needs pandas, although no cell imports it for that.
# %%
from kapnb import BATCH, Handler, Point, simulate, udf
# %%
@udf
class H(Handler):
    """Smooth."""

    wants, provides = BATCH, BATCH

    def frame(self, frame):
        return frame.assign(y=frame["x"].rolling(2, min_periods=1).mean())
# %%
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(6)])
