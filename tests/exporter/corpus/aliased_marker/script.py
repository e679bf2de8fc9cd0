#!/usr/bin/env python3
# Exported from aliased_marker.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "aliased_marker.ipynb"
# handler = "Echo"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "306c45150c00ebfd" },
#     { number = 2, id = "cell-2", sha256 = "30ea1474490e92d5" },
# ]
# ///
"""Knows \\ and '\"\"\"' and "this\""""

import kapnb as kn

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )


# %% aliased_marker.ipynb cell 2
@kn.udf
class Echo(kn.Handler):
    """Knows \\ and '\"\"\"' and "this\""""


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Echo,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Echo", "node_id": "Echo2"}
< init      {"success": true}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
""",
    )
