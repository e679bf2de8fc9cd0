# KN208: a name is bound inside a with block.
# %%
import json
from kapnb import Handler, udf
with open("limits.json") as file:
    LIMITS = json.load(file)
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return LIMITS
