# KN311: what lies in a temporary folder is gone.
# %%
from kapnb import Handler, udf
FILE = "/tmp/limits.csv"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(FILE))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
