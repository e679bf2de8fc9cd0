#!/usr/bin/env python3
# Exported from moving_average.ipynb by kapnb 0.1.0; edit the notebook instead.
#
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "kapnb==0.1.0",
#     "protobuf>=4.25,<8",
# ]
#
# [tool.kapnb]
# version = "0.1.0"
# notebook = "moving_average.ipynb"
# handler = "MovingAverage"
# cells = [
#     { number = 2, id = "cell-2", sha256 = "f64cb273e779e361" },
#     { number = 3, id = "cell-3", sha256 = "c886974067baf6e0" },
#     { number = 4, id = "cell-4", sha256 = "d6aab1dafee2910a" },
# ]
# ///
"""Mean of the last `size` values of `field`, per group."""

from kapnb import STREAM, Handler, Option, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={"field": ["STRING"], "size": ["INT"]},
    )

from collections import deque

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
    from kapnb.script import serve

    serve(
        MovingAverage,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"options": [["field", ["STRING", "flow"]]], "task_id": "simulate_MovingAverage", "node_id": "MovingAverage2"}
< init      {"success": true}
> point     {"time": 1, "fields": {"flow": 1.0}}
< point     {"time": 1, "fields": {"flow": 1.0, "mean": 2.0}}
> point     {"time": 2, "fields": {"flow": 2.0}}
< point     {"time": 2, "fields": {"flow": 2.0, "mean": 3.0}}
> point     {"time": 3, "fields": {"flow": 4.0}}
< point     {"time": 3, "fields": {"flow": 4.0, "mean": 4.666666666666667}}
""",
    )
