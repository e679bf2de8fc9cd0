# KN310: a random token in hexadecimal digits.
# %%
from kapnb import Handler, udf
KEY = "3f2a9c4b7d1e60580f9a8b7c6d5e4f3a2b1c0d9e"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(KEY))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
