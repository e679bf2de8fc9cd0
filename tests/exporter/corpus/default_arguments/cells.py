# Default arguments are needed when a function is defined; keyword-only ones, too.
# %%
from kapnb import Handler, udf
BASE = 2.0
FACTOR = 3.0
def scaled(x, base=BASE, *, factor=FACTOR):
    return base + factor * x
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=scaled(1.0))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
