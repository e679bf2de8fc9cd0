# KN310: so would the value of an option that is called like a secret.
# %%
from kapnb import Handler, Option, udf
# %%
@udf
class H(Handler):
    """Uses it."""

    api_key = Option(str)

    def point(self, point):
        yield point
# %%
from kapnb import Point, simulate
OPTIONS = {"api_key": "correct-horse"}
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)], options=OPTIONS)
