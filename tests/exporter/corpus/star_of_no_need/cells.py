# A star import that gives the Handler nothing does no harm.
# %%
from kapnb import Handler, udf
from math import *
# %%
@udf
class H(Handler):
    """Uses nothing of it."""

    def point(self, point):
        yield point.with_fields(y=float(len(point.fields)))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
