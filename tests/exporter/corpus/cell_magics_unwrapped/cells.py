# `%%udf`, `%%time` and `%%capture` are as good as absent.
# %%
%%capture
%%time
from kapnb import Handler, udf
LIMIT = 3
# %%
%%udf
@udf
class Limited(Handler):
    """Passes values up to a limit."""

    def point(self, point, state):
        if point.fields["x"] < LIMIT:
            yield point
