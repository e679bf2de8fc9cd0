# KN207: a Handler uses a DataFrame from another cell.
# %%
import pandas as pd
from kapnb import Handler, udf
# %% [markdown]
# The data.
# %%
FILE = "pumps.csv"
df = pd.read_csv(FILE)
# %%
@udf
class Calibrated(Handler):
    """Compares with the calibration data."""

    def point(self, point, state):
        yield point.with_fields(delta=point.fields["flow"] - df.flow.mean())
