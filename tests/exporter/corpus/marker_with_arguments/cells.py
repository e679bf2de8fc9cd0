# A marker with arguments is followed like any other code.
# %%
from kapnb import Handler
from kapnb import udf as export
NAME = "echo"
# %%
@export(name=NAME)
class Echo(Handler):
    """Echo."""
