# A line may say that its literal is meant as it is.
# %%
from kapnb import Handler, udf
MOUNT = "/home/kapacitor/models"  # kapnb: allow KN311
FIELD = dict(password="field-name")  # kapnb: allow KN310
PASSWORD = "field_password"
TOKEN = "token"
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(MOUNT) + len(FIELD) + len(PASSWORD) + len(TOKEN))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
