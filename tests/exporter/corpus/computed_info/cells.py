# A Handler that computes its info declares none.
# %%
from kapnb import STREAM, Handler, InfoResponse, udf
# %%
@udf
class H(Handler):
    """Says itself what it is."""

    def info(self):
        return InfoResponse(STREAM, STREAM)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
