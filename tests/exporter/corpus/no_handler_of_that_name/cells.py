# KN101: something is marked, but not what was asked for.
# handler: Second
# %%
from kapnb import Handler, udf
@udf
class First(Handler):
    """First."""
