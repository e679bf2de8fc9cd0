# KN213: freeze stands inside an expression.
# %%
from kapnb import Handler, freeze, udf
LIMITS = [freeze(3), 4]
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=LIMITS[0])
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
