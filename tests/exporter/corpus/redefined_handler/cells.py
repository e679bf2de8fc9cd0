# KN202: the Handler has an edited copy.
# %%
from kapnb import Handler, udf
# %%
@udf
class Echo(Handler):
    """Echo."""
# %%
@udf
class Echo(Handler):
    """Echo, better."""
