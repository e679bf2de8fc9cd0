#!/usr/bin/env python3
# Exported from frozen_table.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "frozen_table.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "745ebf396c441c0e" },
#     { number = 2, id = "cell-2", sha256 = "7806aa83d7a4733e" },
# ]
# ///
"""Uses it."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% frozen_table.ipynb cell 1
# computed in the notebook: {name: {'low': -float('inf'), 'high': len(name) / 7, 'of'...
TABLE = {
    "pressure": {"low": float("-inf"), "high": 1.1428571428571428, "of": (1,)},
    "temperature": {"low": float("-inf"), "high": 1.5714285714285714, "of": (1,)},
    "vibration": {"low": float("-inf"), "high": 1.2857142857142858, "of": (1,)},
}
# computed in the notebook: {'b', 'a'}
WORDS = {"a", "b"}


# %% frozen_table.ipynb cell 2
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=TABLE["pressure"]["high"] + len(WORDS))


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0, "y": 3.142857142857143}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0, "y": 3.142857142857143}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0, "y": 3.142857142857143}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0, "y": 3.142857142857143}}
""",
    )
