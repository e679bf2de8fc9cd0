# KN203: display exists in a notebook only.
# %%
from kapnb import Handler, udf
# %%
@udf
class Shown(Handler):
    """Shown."""

    def point(self, point, state):
        display(point)
