# Magics, shell escapes and unreadable cells outside the closure do not matter.
# %%
%matplotlib inline
%config InlineBackend.figure_format = \
    "retina"
!pip install numpy
from kapnb import Handler, udf; LIMIT = 3
UNUSED = !ls
# %%
%%bash
echo LIMIT
# %%
this is not python
# %%
Handler?
# %%
@udf
class Limited(Handler):
    """Passes values up to a limit."""

    def point(self, point, state):
        if point.fields["x"] < LIMIT:
            yield point
