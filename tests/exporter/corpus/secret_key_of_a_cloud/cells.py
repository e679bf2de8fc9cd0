# KN310: an access key, in a comment.
# %%
from kapnb import Handler, udf
# was AKIAABCDEFGHIJKLMNOP until March
LIMIT = 3.0
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=LIMIT)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
