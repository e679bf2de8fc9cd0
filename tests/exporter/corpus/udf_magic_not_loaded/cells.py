# KN401: the cell magic marks a Handler, and exists only where kapnb's extension is loaded.
# %%
%%udf
from kapnb import Handler
class H(Handler):
    """Echoes."""

    def point(self, point):
        yield point
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
