# KN209: another cell changes a list the script needs.
# %%
from kapnb import Handler, udf
NAMES = ["a"]
# %%
@udf
class Named(Handler):
    """Named."""

    def point(self, point, state):
        return NAMES
# %%
for name in "bc":
    NAMES.append(name)
