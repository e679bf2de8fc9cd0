# KN102: a marked cell has two Handlers.
# %%
from kapnb import Handler
# %% tags=["udf"]
class First(Handler):
    """First."""

class Second(Handler):
    """Second."""
