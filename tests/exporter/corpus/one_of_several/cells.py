# A name chooses between marked Handlers.
# handler: Second
# %%
from kapnb import Handler, udf
@udf
class First(Handler):
    """First."""
# %%
@udf
class Second(Handler):
    """Second."""
# %%
from kapnb import Point, simulate
simulate(Second, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
