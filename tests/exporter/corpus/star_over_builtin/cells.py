# KN205: a star import puts something else in place of a builtin, with which the script would run.
# %%
from kapnb import Handler, udf
from math import *
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=float(pow(2, 3)))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
