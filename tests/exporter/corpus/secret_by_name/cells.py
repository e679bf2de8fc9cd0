# KN310: something called a password has a value.
# %%
from kapnb import Handler, udf
DATABASE_PASSWORD = "hunter2-hunter2"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(DATABASE_PASSWORD))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
