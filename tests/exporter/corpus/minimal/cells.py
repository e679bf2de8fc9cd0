# A Handler that needs nothing but kapnb gives the shortest script.
# %%
from kapnb import Handler, udf

@udf
class Echo(Handler):
    def point(self, point):
        yield point
# %%
from kapnb import Point, simulate
simulate(Echo, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
