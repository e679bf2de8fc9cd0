# KN203: only IPython awaits at top level.
# %%
from kapnb import Handler, udf
async def fetch():
    return 3
LIMIT = await fetch()
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return LIMIT
