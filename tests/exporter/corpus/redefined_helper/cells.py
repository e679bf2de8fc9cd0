# KN202: a helper has an edited copy in another cell.
# %%
from kapnb import Handler, udf
def scaled(x):
    return 2 * x
# %%
def scaled(x):
    return 3 * x
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=scaled(1.0))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
