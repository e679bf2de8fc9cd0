# Lambdas, conditional expressions and names bound in conditions.
# %%
from kapnb import Handler, udf
LIMIT = 2.0
clip = lambda x, top=LIMIT: top if (high := x > top) else x * (not high)  # noqa: E731
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=clip(point.fields["x"]))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
