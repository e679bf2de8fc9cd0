# The same definition in several cells counts once.
# %%
from kapnb import Handler, udf
LIMIT = 3
# %%
LIMIT  =  3  # again
from kapnb import Handler
# %%
@udf
class Limited(Handler):
    """Limited."""

    limit = LIMIT
