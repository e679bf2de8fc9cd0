# KN310: a tuple gives a password its value.
# %%
from kapnb import Handler, udf
USER, PASSWORD = "me", "hunter2hunter2"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(PASSWORD))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
