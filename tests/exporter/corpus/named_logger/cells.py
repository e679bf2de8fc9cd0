# What every module has, and what IPython puts in a builtin's place, is no shadow.
# %%
import logging
import os
from kapnb import Handler, udf
LOG = logging.getLogger(__name__)
# %%
@udf
class H(Handler):
    """Logs, and opens a file."""

    def init(self):
        with open(os.devnull) as nothing:
            self.text = nothing.read()

    def point(self, point):
        LOG.debug("seen %s", point)
        yield point.with_fields(text=self.text)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
