#!/usr/bin/env python3
# Exported from pandas_inside.ipynb by kapnb 0.1.0; edit the notebook instead.
#
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "kapnb==0.1.0",
#     "pandas==VERSION",
#     "protobuf>=4.25,<8",
# ]
#
# [tool.kapnb]
# version = "0.1.0"
# notebook = "pandas_inside.ipynb"
# handler = "Frames"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "56557c205897ac1f" },
#     { number = 2, id = "cell-2", sha256 = "5ffc6973ad0f1122" },
# ]
# ///
"""Uses pandas at work."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

import pandas as pd

# %% pandas_inside.ipynb cell 1
STEP = pd.Timedelta("5min")
frame_of = lambda values: pd.Series(values)


# %% pandas_inside.ipynb cell 2
@udf
class Frames(Handler):
    """Uses pandas at work."""

    def point(self, point):
        yield point.with_fields(minutes=STEP.seconds / 60, size=len(frame_of([1])))


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Frames,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Frames", "node_id": "Frames2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"minutes": 5.0, "size": 1, "x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"minutes": 5.0, "size": 1, "x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"minutes": 5.0, "size": 1, "x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"minutes": 5.0, "size": 1, "x": 3.0}}
""",
    )
