# KN207: a threshold is computed from data by way of a function and another value.
# %%
import pandas as pd
from kapnb import Handler, udf
def load():
    return pd.DataFrame({"x": [1, 2, 3]})
# %%
df = load()
THRESHOLD = df.x.quantile(0.99)
# %%
def is_high(value):
    return value > THRESHOLD
# %%
@udf
class Alarm(Handler):
    """Alarms."""

    def point(self, point, state):
        if is_high(point.fields["x"]):
            yield point
