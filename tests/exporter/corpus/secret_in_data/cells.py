# KN310: points that hold a token would travel in the script, for --check.
# %%
from kapnb import Handler, udf
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point
# %%
from kapnb import Point, simulate
DATA = [Point({"x": float(n)}, time=n, name="m",
              tags={"url": "https://me:hunter22@db.example/x"}) for n in range(4)]
simulate(H, DATA)
