#!/usr/bin/env python3
# Exported from moving_average.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: MovingAverage
# cells: 2, 3, 4
# sha256 of these cells: 7f0ffa58f781c1ee66b3d774cb6b1039d9869bc2c0d89d498e0aecc7d6853942
"""Mean of the last `size` values of `field`, per group."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from collections import deque

from kapnb import STREAM, Handler, Option, udf

# %% moving_average.ipynb cell 3
# Readings come in half units.
SCALE = 2.0


def helper(x):
    # keep this comment
    return x   *   SCALE


# %% moving_average.ipynb cell 4
@udf
class MovingAverage(Handler):
    """Mean of the last `size` values of `field`, per group.

    More about it.
    """

    wants, provides = STREAM, STREAM
    field = Option(str, doc="numeric field to average")
    size = Option(int, default=10, doc="window length, in points")

    def group_state(self):
        return deque(maxlen=self.size)

    def point(self, point, state):
        state.append(helper(point.fields[self.field]))
        yield point.with_fields(mean=sum(state) / len(state))


if __name__ == "__main__":
    from kapnb.agent import run

    run(MovingAverage)
