# An alias of a helper brings the helper.
# %%
from kapnb import Handler, udf
def doubled(x):
    return 2 * x
twice = doubled
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=twice(point.fields["x"]))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
