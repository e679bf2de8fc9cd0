# A name chooses between marked Handlers.
# handler: Second
# %%
from kapnb import Handler, udf
@udf
class First(Handler):
    """First."""
# %%
@udf
class Second(Handler):
    """Second."""
