#!/usr/bin/env python3
# Exported from pandas_inside.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Frames
# cells: 1, 2
# sha256 of these cells: 1c735bbbca9224bb6c83de7507de703ce15574ecd16ab631bd193b91ca4d9506
"""Uses pandas at work."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

import pandas as pd

from kapnb import Handler, udf

# %% pandas_inside.ipynb cell 1
STEP = pd.Timedelta("5min")
frame_of = lambda values: pd.Series(values)


# %% pandas_inside.ipynb cell 2
@udf
class Frames(Handler):
    """Uses pandas at work."""

    def end_batch(self, batch: pd.DataFrame):
        return pd.DataFrame({"x": [STEP]}), frame_of([1])


if __name__ == "__main__":
    from kapnb.agent import run

    run(Frames)
