# Statements that share a line, tuples and annotated assignments are told apart.
# %%
from kapnb import Handler, udf
a = 1; b = "ü"; c: int = 3; d = 4  # one of these is not needed
low, (high, *rest) = 1, (2, 3)

square = lambda v: v * v  # noqa: E731
# %%
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return square(a + c) + low + len(b)
