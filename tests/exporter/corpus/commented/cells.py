# Comments stay with what they explain, above, beside and at the end of a body.
# %%
from kapnb import Handler, udf

# Not about anything below.

# From the data sheet, page 7:
# in bar.
LIMIT = 4.5  # at 20 °C


def over(x):
    # strictly
    return x > LIMIT
    # and not otherwise
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=over(point.fields["x"]))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
