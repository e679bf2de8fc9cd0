# A local folder of data, data cells and plots beside the Handler do not matter.
# %%
import pandas as pd
import matplotlib.pyplot as plt
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

    async def point(self, point):
        if point.fields["flow"] > LIMITS["high"] + DEFAULT:
            yield point
        # otherwise silence
# %%
from kapnb import Point
plt.plot(df.flow)
simulate(Alarm, [Point({"flow": float(n)}, time=n, name="m") for n in range(6)])
