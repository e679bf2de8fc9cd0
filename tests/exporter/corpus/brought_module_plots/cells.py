# KN206: a module that would be brought along needs a package for notebooks.
# bring modules
# %%
from kapnb import Handler, udf
import pumps
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=pumps.curve())
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
