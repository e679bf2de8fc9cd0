# KN408: two artifacts would have one name in the service's folder of models.
# format: tsam
# %%
from kapnb import Handler, artifact, udf
ONE = artifact("limit.json", [1.0])
OTHER = artifact("h_limit.json", [2.0])
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=ONE[0] + OTHER[0])
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
