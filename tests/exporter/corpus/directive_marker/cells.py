# `#| udf` marks the single class of its cell and does not travel; neither do other directives.
# %%
from kapnb import Handler
# %%

#| udf
# What comes in goes out.
#| echo: false
class Echo(Handler):
    """Echo."""
# %%
from kapnb import Point, simulate
simulate(Echo, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
