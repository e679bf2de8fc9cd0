# KN311: an f-string that begins with a home.
# %%
from kapnb import Handler, udf
USER = "me"
FILE = f"/home/{USER}/limits.csv"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(FILE))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
