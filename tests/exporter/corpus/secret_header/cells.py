# KN310: a header that authorizes.
# %%
from kapnb import Handler, udf
HEADERS = {"Authorization": "Bearer 4f3a2b1c0d9e8f7a"}
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(HEADERS))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
