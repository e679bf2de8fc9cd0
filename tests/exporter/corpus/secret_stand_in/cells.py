# KN310: what stands in for a variable of the environment.
# %%
from kapnb import Handler, udf
import os
KEY = os.environ.get("INFLUX_TOKEN", "hunter2hunter2")
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(KEY))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
