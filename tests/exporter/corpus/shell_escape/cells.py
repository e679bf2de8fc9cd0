# KN204: a constant comes from the shell.
# %%
from kapnb import Handler, udf

HOST = !hostname
# %%
@udf
class Hosted(Handler):
    """Hosted."""

    host = HOST
