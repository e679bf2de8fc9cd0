# KN408: the Open Edge service has Python 3.10, which cannot read this.
# format: tsam
# %%
from kapnb import Handler, udf
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        try:
            yield point
        except* ValueError:
            yield point
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
