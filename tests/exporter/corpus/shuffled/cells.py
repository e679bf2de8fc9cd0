# KN209: a library function changes a table in place.
# %%
from kapnb import Handler, udf
import random
TABLE = [1.0, 2.0]
# %%
random.shuffle(TABLE)
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=TABLE[0])
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
