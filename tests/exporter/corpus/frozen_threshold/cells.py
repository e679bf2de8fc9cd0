# freeze writes what was learnt from data as a literal, and the data stay behind.
# %%
import pandas as pd
from kapnb import Handler, freeze, udf
data = pd.DataFrame({"x": [1.0, 2.0, 4.0]})
# %%
# Learnt from the last week.
LIMIT: float = freeze(data.x.quantile(0.5))
NAMES = freeze(sorted({"b", "a"}))
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=LIMIT + len(NAMES))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
