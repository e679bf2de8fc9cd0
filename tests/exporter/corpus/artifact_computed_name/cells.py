# KN213: the exporter cannot know which file is meant.
# %%
from kapnb import Handler, artifact, udf
MODEL = artifact("model" + ".pkl", 3)
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=MODEL)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
