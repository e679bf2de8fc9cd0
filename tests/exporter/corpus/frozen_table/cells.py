# A longer frozen value is laid out over lines; sets and infinities have one spelling.
# %%
import kapnb as kn
from kapnb import Handler, udf
names = ["pressure", "temperature", "vibration"]
TABLE = kn.freeze({name: {"low": -float("inf"), "high": len(name) / 7, "of": (1,)} for name in names})
WORDS = kn.freeze({"b", "a"})
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=TABLE["pressure"]["high"] + len(WORDS))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
