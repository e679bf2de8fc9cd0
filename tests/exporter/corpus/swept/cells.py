# KN207: the option that a sweep found best is computed from data.
# %%
from kapnb import Handler, Option, Point, sweep, udf
DATA = [Point({"x": float(n)}, time=n, name="m") for n in range(4)]
class Rough(Handler):
    """Tries limits."""

    limit = Option(float, default=1.0)

    def point(self, point):
        if point.fields["x"] > self.limit:
            yield point
# %%
RUNS = sweep(Rough, DATA, limit=[1.0, 2.0])
LIMIT = float(RUNS.table["limit"].max())
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(over=point.fields["x"] > LIMIT)
# %%
from kapnb import simulate
simulate(H, DATA)
