# pandas may be used inside the Handler, and its plain constants at top level.
# %%
import pandas as pd
from kapnb import Handler, udf
STEP = pd.Timedelta("5min")
frame_of = lambda values: pd.Series(values)
# %%
@udf
class Frames(Handler):
    """Uses pandas at work."""

    def point(self, point):
        yield point.with_fields(minutes=STEP.seconds / 60, size=len(frame_of([1])))
# %%
from kapnb import Point, simulate
simulate(Frames, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
