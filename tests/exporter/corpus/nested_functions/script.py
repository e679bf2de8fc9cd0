#!/usr/bin/env python3
# Exported from nested_functions.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "nested_functions.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "a4dc7ef97726b7af" },
#     { number = 2, id = "cell-2", sha256 = "692dcfd2062173fe" },
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

# %% nested_functions.ipynb cell 1
OFFSET = 1.0


def counter():
    count = 0
    def more():
        nonlocal count
        count += 1
        return count + OFFSET
    return more


# %% nested_functions.ipynb cell 2
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=counter()())


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0, "y": 2.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0, "y": 2.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0, "y": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0, "y": 2.0}}
""",
    )
