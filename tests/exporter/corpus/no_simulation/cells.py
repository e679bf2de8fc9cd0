# KN402: nothing would be proven.
# %%
from kapnb import Handler, udf
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=1.0)
