# KN204: a magic stands inside the Handler; the line is the cell's, whatever stands above.
# %%
from kapnb import Handler, udf
# %%
%%time


%config A = \
    1
@udf
class Timed(Handler):
    """Timed."""

    def point(self, point, state):
        %time x = 1
        return x
