# KN310: a URL that holds a password.
# %%
from kapnb import Handler, udf
URL = "http://admin:geheim99@influx.example:8086/write"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(URL))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
