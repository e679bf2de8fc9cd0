# KN401: a cell outside the closure uses what a deleted cell defined.
# %%
from kapnb import Handler, udf

# %%
print(gone)
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=1.0)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
