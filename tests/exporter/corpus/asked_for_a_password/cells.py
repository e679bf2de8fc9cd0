# KN212: a secret that was typed in.
# %%
from kapnb import Handler, udf
from getpass import getpass
key = getpass()
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(key))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
