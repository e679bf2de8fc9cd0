# artifact keeps a model in a file beside the script, under its hash.
# %%
from collections import Counter
from kapnb import Handler, artifact, udf
counts = Counter("abracadabra")
# %%
MODEL = artifact("counts.pkl", counts)
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=MODEL["a"])
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
