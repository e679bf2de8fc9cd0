# KN209: a constant grows in another cell.
# %%
from kapnb import Handler, udf
LIMIT = 1.0
# %%
LIMIT += 1.0
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=LIMIT)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
