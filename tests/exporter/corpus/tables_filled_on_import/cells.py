# A table that fills itself while the script is imported is a constant; a cache may say so.
# %%
from kapnb import Handler, udf
RULES: dict[str, type] = {}
SQUARES: dict[float, float] = {}
def twice(x):
    return 2 * x
class Named(Handler):
    """Counts its kinds."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        RULES[cls.__name__] = cls
def squared(x):
    if x not in SQUARES:
        SQUARES[x] = x * x  # kapnb: allow KN210
    return SQUARES[x]
# %%
@udf
class H(Named):
    """Uses them."""

    def point(self, point):
        x = point.fields["x"]
        yield point.with_fields(y=twice(x) + squared(x), n=len(RULES))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
