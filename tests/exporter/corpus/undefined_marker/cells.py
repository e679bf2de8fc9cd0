# KN201: the marker itself was never imported.
# %%
from kapnb import Handler
@udf
class Echo(Handler):
    """Echo."""
