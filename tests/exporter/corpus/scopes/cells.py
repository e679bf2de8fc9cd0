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

    def point(self, point, state, *df, **kwargs):
        squares = [total * total for total in point.fields.values()]
        if (n := len(squares)) > 1:
            match squares:
                case [first, *rest]:
                    return first, rest, n
        try:
            pass
        except ValueError as total:
            print(total)
        return __class__, df, kwargs, lambda state: state
