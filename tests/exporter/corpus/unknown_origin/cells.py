# KN312: an import of which nothing says how to install it.
# %%
import sys
import types
sys.modules["homemade"] = types.SimpleNamespace(LIMIT=3.0)
# %%
import homemade
from kapnb import Handler, udf
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=homemade.LIMIT)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
