# KN408: nor a module that comes along.
# format: tsam
# bring modules
# %%
from kapnb import Handler, udf
from helper import attempt
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        attempt()
        yield point
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
