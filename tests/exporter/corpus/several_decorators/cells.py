# Decorators are followed, the marker among them, in the order in which they stand.
# %%
from kapnb import Handler
from kapnb import udf as export
NAME = "echo"
# %%
def named(name):
    def mark(cls):
        cls.name = name
        return cls
    return mark
# %%
@export
@named(NAME)
class H(Handler):
    """Echo."""

    def point(self, point):
        yield point.with_fields(name=self.name)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
