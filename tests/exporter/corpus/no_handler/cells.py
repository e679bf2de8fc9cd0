# KN101: nothing is marked.
# %%
from kapnb import Handler, udf
class Echo(Handler):
    """Echo."""
