#!/usr/bin/env python3
# Exported from directive_marker.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "directive_marker.ipynb"
# handler = "Echo"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "b19727b6347c65e0" },
#     { number = 2, id = "cell-2", sha256 = "ff3a09e26089f412" },
# ]
# ///
"""Echo."""

from kapnb import Handler

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )


# %% directive_marker.ipynb cell 2
# What comes in goes out.
class Echo(Handler):
    """Echo."""


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
