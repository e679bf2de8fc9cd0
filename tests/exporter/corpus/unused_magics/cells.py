# Magics, shell escapes and unreadable cells outside the closure do not matter.
# %%
%matplotlib inline
%config InlineBackend.figure_format = \
    "retina"
!true
from kapnb import Handler, udf; LIMIT = 3
UNUSED = !ls
# %%
%%bash
echo LIMIT
# %%
ls -d .
# %%
Handler?
# %%
@udf
class Limited(Handler):
    """Passes values up to a limit."""

    def point(self, point):
        if point.fields["x"] < LIMIT:
            yield point
# %%
from kapnb import Point, simulate
simulate(Limited, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
