# KN204: the name is defined in another tool's cell.
# %%
from kapnb import Handler, udf
# %%
%%cython
def fast(x):
    return x
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return fast(point)
