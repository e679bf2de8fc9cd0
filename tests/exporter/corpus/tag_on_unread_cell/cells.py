# KN101: the marked cell is not Python.
# %% tags=["udf"]
class Echo(Handler)
    """Echo."""
