# KN201: a name that only lived in the kernel, with a near match.
# %%
from kapnb import Handler, udf
THRESHOLD = 3
# %%
%%html
<b>hello</b>
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return THRESHHOLD
