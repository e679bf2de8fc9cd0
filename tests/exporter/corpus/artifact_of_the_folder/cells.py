# An artifact may be a file that lay beside the notebook already.
# %%
from kapnb import Handler, artifact, udf
LIMITS = artifact("limits.json")
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=LIMITS["high"])
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
