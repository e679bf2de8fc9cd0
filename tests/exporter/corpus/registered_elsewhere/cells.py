# KN209: what a decorator puts into a table is nowhere named, and would stay behind.
# %%
from kapnb import Handler, udf
RULES = {}
def rule(function):
    RULES[function.__name__] = function
    return function
# %%
@rule
def twice(x):
    return 2 * x
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=RULES["twice"](point.fields["x"]))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
