# Statements that share a line, tuples and annotated assignments are told apart.
# %%
from kapnb import Handler, udf
a = 1; b = "ü"; c: int = 3; d = 4  # one of these is not needed
low, (high, *rest) = 1, (2, 3)

square = lambda v: v * v  # noqa: E731
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point):
        yield point.with_fields(y=square(a + c) + low + len(b))
# %%
from kapnb import Point, simulate
simulate(Limited, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
