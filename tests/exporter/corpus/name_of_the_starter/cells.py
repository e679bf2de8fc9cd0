# A helper called `serve` keeps its name.
# %%
from kapnb import Handler, udf
def serve(point):
    return point
# %%
@udf
class Echo(Handler):
    """Echoes."""

    def point(self, point):
        yield serve(point)
# %%
from kapnb import Point, simulate
simulate(Echo, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
