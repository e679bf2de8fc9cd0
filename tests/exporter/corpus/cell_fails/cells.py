# KN401: the notebook does not run from the top.
# %%
from kapnb import Handler, udf

# %%
1 / 0
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=1.0)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
