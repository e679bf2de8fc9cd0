#!/usr/bin/env python3
# Exported from minimal.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "minimal.ipynb"
# handler = "Echo"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "d70ee9cb0b441062" },
# ]
# ///
"""Echo, a Kapacitor UDF."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )


# %% minimal.ipynb cell 1
@udf
class Echo(Handler):
    def point(self, point):
        yield point


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
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
