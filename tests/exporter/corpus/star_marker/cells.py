# KN205: the marker itself comes from a star import.
# %%
from kapnb import *
# %%
@udf
class Echo(Handler):
    """Echo."""
