# KN211: a value is made by a function that only a later cell defines.
# %%
from kapnb import Handler, udf
# %%
TABLE = build(3)
# %%
def build(n):
    return [1.0] * n
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(TABLE))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
