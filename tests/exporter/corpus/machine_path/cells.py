# KN311: a path in the author's home.
# %%
from kapnb import Handler, udf
MODEL = "/home/ada/models/pump.bin"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(MODEL))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
