# KN202: a constant has two values.
# %%
from kapnb import Handler, udf
LIMIT = 3
# %%
@udf
class Limited(Handler):
    """Limited."""

    limit = LIMIT
# %%
LIMIT = 4
