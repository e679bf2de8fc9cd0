# KN310: a password is passed by keyword.
# %%
from kapnb import Handler, udf
def connect(user, password):
    return user
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(connect("kapacitor", password="s3cr3t-sauce")))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
