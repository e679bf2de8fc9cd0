# A local folder of data, data cells and plots beside the Handler do not matter.
# %%
import pandas as pd
import seaborn as sns
from kapnb import Handler, simulate, udf
df = pd.read_csv("pumps.csv")
df["flow"] = df.flow * 2
# %%
# Above which an alarm is raised.
# Agreed with the plant in March.
LIMITS = {
    "low": 1,   # litres
    "high": 2,
}
DEFAULT = LIMITS["low"]
# %%
@udf
class Alarm(Handler):
    """Alarms."""

    async def point(self, point, state):
        if point.fields["flow"] > LIMITS["high"] + DEFAULT:
            yield point
        # otherwise silence
