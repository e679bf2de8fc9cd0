# KN102: several are marked and none was chosen.
# %%
from kapnb import Handler, udf
@udf
class First(Handler):
    """First."""
# %%
@udf
class Second(Handler):
    """Second."""
