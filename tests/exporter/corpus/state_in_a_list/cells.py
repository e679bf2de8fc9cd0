# KN210: a list of the module that points are kept in is in no snapshot.
# %%
from kapnb import Handler, udf
SEEN = []
def remember(point):
    SEEN.append(point.time)
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        remember(point)
        yield point
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
