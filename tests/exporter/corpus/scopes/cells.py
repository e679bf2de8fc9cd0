# Local names that look like notebook names are not followed.
# %%
import pandas as pd
from kapnb import Handler, udf
df = pd.DataFrame({"x": [1]})
state = df.x.mean()
total = df.x.sum()
LIMIT = 2
# %%
@udf
class Scoped(Handler):
    """Binds everything itself."""

    LIMIT = LIMIT
    total = 0

    def point(self, point):
        yield from self.helper(point, None)

    def helper(self, point, state, *df, **kwargs):
        squares = [total * total for total in (*point.fields.values(), 2.0)]
        if (n := len(squares)) > 1:
            match squares:
                case [first, *rest]:
                    yield point.with_fields(first=first, rest=len(rest), n=n)
        try:
            pass
        except ValueError as total:
            print(total)
        assert __class__ is Scoped and not df and not kwargs and (lambda state: state)(True)
# %%
from kapnb import Point, simulate
simulate(Scoped, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
