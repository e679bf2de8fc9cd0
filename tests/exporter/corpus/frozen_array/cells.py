# NumPy numbers and arrays freeze as plain ones.
# %%
import numpy as np
from kapnb import Handler, freeze, udf
MEANS = freeze(np.arange(6.0).reshape(2, 3).mean(axis=0))
SCALE = freeze(np.float64(2.5))
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=MEANS[0] * SCALE)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
