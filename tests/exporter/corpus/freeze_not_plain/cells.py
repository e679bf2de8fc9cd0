# KN401: freeze refuses what cannot be written as a literal.
# %%
import pandas as pd
from kapnb import Handler, freeze, udf
TABLE = freeze(pd.DataFrame({"x": [1]}))
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(TABLE))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
