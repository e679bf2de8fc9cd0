# KN301: a notebook's relative import has no package to be relative to.
# %%
from kapnb import Handler, udf
try:
    from .pumps import curve
except ImportError:
    curve = None
# %%
@udf
class Pumped(Handler):
    """Pumped."""

    def point(self, point, state):
        return curve(point)
