# KN205: a name can only come from a star import.
# %%
from kapnb import Handler, udf
from math import *
# %%
@udf
class Rooted(Handler):
    """Rooted."""

    def point(self, point, state):
        return sqrt(2)
