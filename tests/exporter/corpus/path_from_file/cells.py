# KN201: a path made of `__file__`, which a notebook does not have.
# %%
import os

from kapnb import Handler, udf
# %%
@udf
class Modelled(Handler):
    """Modelled."""

    def init(self):
        self.path = os.path.join(os.path.dirname(__file__), "../models/modelled.pkl")
