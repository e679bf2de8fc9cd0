# A helper called `run` keeps its name.
# %%
from kapnb import Handler, udf
def run(point):
    return point
# %%
@udf
class Echo(Handler):
    """Echoes."""

    def point(self, point, state):
        yield run(point)
