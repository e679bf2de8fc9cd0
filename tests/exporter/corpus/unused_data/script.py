#!/usr/bin/env python3
# Exported from unused_data.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "unused_data.ipynb"
# handler = "Alarm"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "57a11cb9ce108221" },
#     { number = 2, id = "cell-2", sha256 = "11becbf15d4c48e3" },
#     { number = 3, id = "cell-3", sha256 = "100b2ad8864b3d56" },
# ]
# ///
"""Alarms."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

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

    async def point(self, point):
        if point.fields["flow"] > LIMITS["high"] + DEFAULT:
            yield point
        # otherwise silence


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Alarm,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Alarm", "node_id": "Alarm2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"flow": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"flow": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"flow": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"flow": 3.0}}
> point     {"time": 4, "name": "m", "fields": {"flow": 4.0}}
< point     {"time": 4, "name": "m", "fields": {"flow": 4.0}}
> point     {"time": 5, "name": "m", "fields": {"flow": 5.0}}
< point     {"time": 5, "name": "m", "fields": {"flow": 5.0}}
""",
    )
