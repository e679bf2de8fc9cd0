# KN206: the Handler holds a figure.
# %%
from kapnb import Handler, udf
import matplotlib.pyplot as plt
figure = plt.figure()
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(figure.axes))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
