# Names in functions inside functions are followed to the module, and no further.
# %%
from kapnb import Handler, udf
OFFSET = 1.0
def counter():
    count = 0
    def more():
        nonlocal count
        count += 1
        return count + OFFSET
    return more
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=counter()())
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
