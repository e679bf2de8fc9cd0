# What a method looks up may stand below the Handler: by then it is there.
# %%
from kapnb import Handler, udf
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=later(point.fields["x"]))
# %%
def later(x):
    return x + 1.0
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
