# A helper with one definition for each case travels whole.
# %%
from kapnb import Handler, udf
import sys
if sys.platform == "win32":
    SEPARATOR = ";"
else:
    SEPARATOR = ":"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(SEPARATOR))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
