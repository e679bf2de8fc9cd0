# KN209: a function of the notebook writes a constant of the script.
# %%
from kapnb import Handler, udf
LIMIT = 3
def bump():
    global LIMIT
    LIMIT += 1
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return LIMIT
