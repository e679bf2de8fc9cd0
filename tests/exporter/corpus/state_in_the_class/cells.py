# KN210: what a Handler keeps in its class is in no snapshot, either.
# %%
from kapnb import Handler, udf
# %%
@udf
class H(Handler):
    """Uses it."""

    count = 0

    def point(self, point):
        H.count += 1
        yield point.with_fields(n=H.count)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
