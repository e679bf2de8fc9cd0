# A Handler of batches, on both edges.
# %%
from kapnb import BATCH, Handler, Point, simulate, udf
# %%
@udf
class H(Handler):
    """Keep the largest."""

    wants, provides = BATCH, BATCH

    def batch(self, batch):
        yield max(batch.points, key=lambda point: point.fields["x"])
# %%
points = [Point({"x": float(n)}, time=n, name="m", tags={"host": "ab"[n % 2]}) for n in range(6)]
simulate(H, points, group_by="host")
