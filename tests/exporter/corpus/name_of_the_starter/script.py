#!/usr/bin/env python3
# Exported from name_of_the_starter.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "name_of_the_starter.ipynb"
# handler = "Echo"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "b2fda70db1451213" },
#     { number = 2, id = "cell-2", sha256 = "0584f51b7ec25b15" },
# ]
# ///
"""Echoes."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )


# %% name_of_the_starter.ipynb cell 1
def serve(point):
    return point


# %% name_of_the_starter.ipynb cell 2
@udf
class Echo(Handler):
    """Echoes."""

    def point(self, point):
        yield serve(point)


if __name__ == "__main__":
    from kapnb.script import serve as serve_udf

    serve_udf(
        Echo,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Echo", "node_id": "Echo2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
""",
    )
