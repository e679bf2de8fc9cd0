# KN211: a class is derived from one that only a later cell defines.
# %%
from kapnb import Handler, udf
# %%
class Middle(Base):
    pass
# %%
class Base(Handler):
    pass
# %%
@udf
class H(Middle):
    """H."""
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
