# KN402: the simulation has no output.
# %%
from kapnb import Handler, udf

# %%
@udf
class H(Handler):
    """Silent."""

    def point(self, point):
        return None
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
