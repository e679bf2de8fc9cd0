# KN208: a name is left over from a loop.
# %%
from kapnb import Handler, udf
for limit in range(3):
    pass
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return limit
