# KN209: a table is changed under another name.
# %%
from kapnb import Handler, udf
TABLE = [1.0]
# %%
rows = TABLE
rows.append(2.0)
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=sum(TABLE))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
