# KN303: the Handler asks a person.
# %%
from kapnb import Handler, udf
# %%
@udf
class Asking(Handler):
    """Asks."""

    def init(self):
        return input("size? ")
