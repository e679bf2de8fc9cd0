#!/usr/bin/env python3
# Exported from unused_data.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Alarm
# cells: 1, 2, 3
# sha256 of these cells: 9d30b01e592a2e7c65d8db23647a19aabdb4d907fe37d5aba2d6463aec17352b
"""Alarms."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf

# %% unused_data.ipynb cell 2
# Above which an alarm is raised.
# Agreed with the plant in March.
LIMITS = {
    "low": 1,   # litres
    "high": 2,
}
DEFAULT = LIMITS["low"]


# %% unused_data.ipynb cell 3
@udf
class Alarm(Handler):
    """Alarms."""

    async def point(self, point, state):
        if point.fields["flow"] > LIMITS["high"] + DEFAULT:
            yield point
        # otherwise silence


if __name__ == "__main__":
    from kapnb.agent import run

    run(Alarm)
