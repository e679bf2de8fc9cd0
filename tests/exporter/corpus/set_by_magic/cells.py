# KN204: only a magic sets the name.
# %%
from kapnb import Handler, udf
# %%
%time LIMIT = 3
# %%
@udf
class Limited(Handler):
    """Limited."""

    limit = LIMIT
