# KN403: an answer hangs on the order of a set.
# %%
from kapnb import Handler, udf
WORDS = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=" ".join(WORDS))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
