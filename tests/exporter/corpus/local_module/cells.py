# KN301: an import finds a file beside the notebook.
# %%
from kapnb import Handler, udf
from pumps import curve
# %%
@udf
class Pumped(Handler):
    """Pumped."""

    def point(self, point, state):
        return curve(point)
