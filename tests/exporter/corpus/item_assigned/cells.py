# KN209: a table is filled after its definition.
# %%
from kapnb import Handler, udf
TABLE = {}
TABLE["a"] = 1
# %%
@udf
class Tabled(Handler):
    """Tabled."""

    def point(self, point, state):
        return TABLE
