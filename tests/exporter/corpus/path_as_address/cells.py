# KN311: a path as an address.
# %%
from kapnb import Handler, udf
FILE = "file:///Users/me/limits.csv"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(FILE))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
