# KN206: an import inside a helper counts too.
# %%
from kapnb import Handler, udf
def bar(values):
    from tqdm.auto import tqdm
    return tqdm(values)
# %%
@udf
class Drawn(Handler):
    """Drawn."""

    def point(self, point, state):
        return bar([])
