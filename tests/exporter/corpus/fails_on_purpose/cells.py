# A simulation that fails on purpose must fail equally.
# %%
from kapnb import Handler, Option, OptionError, Point, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m") for n in range(4)]
# %%
@udf
class H(Handler):
    """Divides."""

    by = Option(float, default=2.0, doc="what to divide by")

    def init(self):
        if self.by < 0:
            raise OptionError(f"by must not be negative, like {self.by}")

    def point(self, point):
        yield point.with_fields(y=point.fields["x"] / self.by)
# %%
simulate(H, DATA)
simulate(H, DATA, options={"by": -1.0}, errors="keep")
simulate(H, DATA, options={"by": 0.0}, errors="keep")
