# KN303: the Handler reads stdin, through an import of its own.
# %%
from kapnb import Handler, udf
# %%
@udf
class Asking(Handler):
    """Asks."""

    def init(self):
        import sys as system
        return system.stdin.readline()
