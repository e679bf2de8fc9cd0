#!/usr/bin/env python3
# Exported from cell_magics_unwrapped.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "cell_magics_unwrapped.ipynb"
# handler = "Limited"
# cells = [
#     { number = 2, id = "cell-2", sha256 = "287f1f3652ede1fa" },
#     { number = 3, id = "cell-3", sha256 = "2284f93004da1cfb" },
# ]
# ///
"""Passes values up to a limit."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% cell_magics_unwrapped.ipynb cell 2
LIMIT = 3


# %% cell_magics_unwrapped.ipynb cell 3
@udf
class Limited(Handler):
    """Passes values up to a limit."""

    def point(self, point):
        if point.fields["x"] < LIMIT:
            yield point


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Limited,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Limited", "node_id": "Limited2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
""",
    )
