# KN310: a token in the query of an address.
# %%
from kapnb import Handler, udf
URL = "http://db.example/query?token=abc123def456&x=1"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(URL))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
