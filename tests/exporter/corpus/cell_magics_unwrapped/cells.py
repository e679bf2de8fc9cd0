# `%%udf`, `%%time` and `%%capture` are as good as absent.
# %%
%load_ext kapnb
# %%
%%capture
%%time
from kapnb import Handler, udf
LIMIT = 3
# %%
%%udf
@udf
class Limited(Handler):
    """Passes values up to a limit."""

    def point(self, point):
        if point.fields["x"] < LIMIT:
            yield point
# %%
from kapnb import Point, simulate
simulate(Limited, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
