#!/usr/bin/env python3
# Exported from one_of_several.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "one_of_several.ipynb"
# handler = "Second"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "0d5e7b3f6826e1f0" },
#     { number = 2, id = "cell-2", sha256 = "087024fc0158dd22" },
# ]
# ///
"""Second."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )


# %% one_of_several.ipynb cell 2
@udf
class Second(Handler):
    """Second."""


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Second,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Second", "node_id": "Second2"}
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
