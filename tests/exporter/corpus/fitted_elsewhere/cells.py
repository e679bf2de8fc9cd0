# KN209: a model that another cell fits would travel as it was before.
# %%
from kapnb import Handler, udf
class Mean:
    """The simplest model."""

    def __init__(self):
        self.value = 0.0

    def fit(self, values):
        self.value = sum(values) / len(values)
MODEL = Mean()
# %%
MODEL.fit([1.0, 2.0])
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=MODEL.value)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
