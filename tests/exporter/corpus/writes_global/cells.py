# KN210: the Handler keeps a count in a module global.
# %%
from kapnb import Handler, udf
count = 0
# %%
@udf
class Counter(Handler):
    """Counts."""

    def point(self, point, state):
        global count
        count += 1
