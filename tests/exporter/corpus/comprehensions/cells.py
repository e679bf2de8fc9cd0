# What a comprehension and a class body read is followed, what they bind is not.
# %%
from kapnb import Handler, udf
WEIGHTS = [0.5, 0.25]
SHIFT = 1.0
w = "not needed"
# %%
class Table:
    rows = [w * 2 for w in WEIGHTS]
    total = sum(w for w in rows)
    named = {f"r{i}": w + SHIFT for i, w in enumerate(rows)}
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=Table.total + Table.named["r0"])
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
