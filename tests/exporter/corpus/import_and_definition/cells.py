# KN202: a name is imported in one cell and defined in another.
# %%
from kapnb import Handler, udf
from math import floor
# %%
def floor(x):
    return int(x)
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=floor(1.5))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
