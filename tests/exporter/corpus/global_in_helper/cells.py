# KN210: a helper rebinds a global that the Handler reads.
# %%
from kapnb import Handler, udf
count = 0
def count_up():
    global count
    count += 1
    return count
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=count_up())
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
