# KN407: a package that is installed as editable cannot be packed.
# format: pyz
# %%
from kapnb import Handler, udf
from being_edited import LIMIT
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=LIMIT)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
