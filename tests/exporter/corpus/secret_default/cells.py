# KN310: a password is the default of an argument.
# %%
from kapnb import Handler, udf
def connect(user="kapacitor", *, password="s3cr3t-sauce"):
    return user
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(connect()))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
