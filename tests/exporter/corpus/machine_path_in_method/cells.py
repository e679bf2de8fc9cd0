# KN311: a path in a method; a docstring may hold one.
# %%
from kapnb import Handler, udf

# %%
@udf
class H(Handler):
    """Reads C:\\Users\\ada, or used to."""

    def point(self, point):
        yield point.with_fields(path=r"C:\Users\ada\limits.txt")
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
