# KN213: an artifact that is pickled from a class of the notebook could not be read.
# %%
from kapnb import Handler, artifact, udf
class Model:
    """Twice."""

    def predict(self, x):
        return 2 * x
# %%
MODEL = artifact("model.pkl", Model())
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=MODEL.predict(point.fields["x"]))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
