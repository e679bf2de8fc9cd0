# The same definition in several cells counts once.
# %%
from kapnb import Handler, udf
LIMIT = 3
# %%
LIMIT  =  3  # again
from kapnb import Handler
# %%
@udf
class Limited(Handler):
    """Limited."""

    limit = LIMIT
# %%
from kapnb import Point, simulate
simulate(Limited, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
