# pandas may be used inside the Handler, and its plain constants at top level.
# %%
import pandas as pd
from kapnb import Handler, udf
STEP = pd.Timedelta("5min")
frame_of = lambda values: pd.Series(values)
# %%
@udf
class Frames(Handler):
    """Uses pandas at work."""

    def end_batch(self, batch: pd.DataFrame):
        return pd.DataFrame({"x": [STEP]}), frame_of([1])
