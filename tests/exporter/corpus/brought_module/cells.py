# A module beside the notebook is brought along, with what it imports of the folder.
# bring modules
# %%
from kapnb import Handler, udf
from pumps import curve
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=curve(point.fields["x"]))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
