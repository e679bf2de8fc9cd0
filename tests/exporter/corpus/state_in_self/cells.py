# KN404: state that no snapshot holds is lost at a restart.
# %%
from kapnb import Handler, udf

# %%
@udf
class H(Handler):
    """Counts."""

    count = 0

    def point(self, point):
        self.count += 1
        yield point.with_fields(count=self.count)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
