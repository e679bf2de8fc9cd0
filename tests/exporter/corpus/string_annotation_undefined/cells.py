# KN201: a quoted annotation names what no cell defines.
# %%
from kapnb import Handler, udf

# %%
@udf
class H(Handler):
    """Has a pump."""

    def point(self, point: "Pump"):
        yield point
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
