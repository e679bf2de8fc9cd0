# KN212: a constant is what somebody typed in.
# %%
from kapnb import Handler, udf
LIMIT = float(input("limit? "))
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=LIMIT)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
