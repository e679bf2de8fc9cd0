# KN201: a module was used without its import.
# %%
from kapnb import Handler, udf
# %%
@udf
class Rooted(Handler):
    """Rooted."""

    def point(self, point, state):
        return math.sqrt(2)
