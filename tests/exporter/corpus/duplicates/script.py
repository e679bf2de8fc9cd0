#!/usr/bin/env python3
# Exported from duplicates.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "duplicates.ipynb"
# handler = "Limited"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "b2d27db4a669d178" },
#     { number = 3, id = "cell-3", sha256 = "208f3f893591379a" },
# ]
# ///
"""Limited."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% duplicates.ipynb cell 1
LIMIT = 3


# %% duplicates.ipynb cell 3
@udf
class Limited(Handler):
    """Limited."""

    limit = LIMIT


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
< point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
""",
    )
