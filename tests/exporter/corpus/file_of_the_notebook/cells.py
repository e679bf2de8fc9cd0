# KN403: the Handler reads a file that lies beside the notebook only.
# %%
from kapnb import Handler, udf
from pathlib import Path
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(Path("limits.txt").read_text()))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
