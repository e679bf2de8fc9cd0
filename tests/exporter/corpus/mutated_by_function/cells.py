# KN209: a call in another cell changes a table.
# %%
from kapnb import Handler, udf
TABLE = [1.0]
def fill():
    TABLE.append(2.0)
# %%
fill()
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=sum(TABLE))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
