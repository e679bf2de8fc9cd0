# What is needed while a statement runs comes before it, although a later cell defines it.
# %%
from kapnb import Handler, udf
# %%
@udf
class Late(Handler):
    """Uses what was defined later."""

    table = None

    def point(self, point, state):
        return TABLE
# %%
TABLE = build(3)
# %%
def build(n):
    return [start() for _ in range(n)]
# %%
def start():
    return FIRST
FIRST = 1
