# KN203: a value taken from the last output.
# %%
from kapnb import Handler, udf
LIMIT = _
# %%
@udf
class Limited(Handler):
    """Limited."""

    limit = LIMIT
