# KN201: a name comes from a cell with a syntax error.
# %%
from kapnb import Handler, udf
# %%
LIMIT = 3
def helper(x)
    return x
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return helper(point)
