#!/usr/bin/env python3
# Exported from comprehensions.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "comprehensions.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "f386ca46c8605ae0" },
#     { number = 2, id = "cell-2", sha256 = "08910834201f4ee4" },
#     { number = 3, id = "cell-3", sha256 = "9a8f1b36f27416aa" },
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

# %% comprehensions.ipynb cell 1
WEIGHTS = [0.5, 0.25]
SHIFT = 1.0


# %% comprehensions.ipynb cell 2
class Table:
    rows = [w * 2 for w in WEIGHTS]
    total = sum(w for w in rows)
    named = {f"r{i}": w + SHIFT for i, w in enumerate(rows)}


# %% comprehensions.ipynb cell 3
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=Table.total + Table.named["r0"])


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0, "y": 3.5}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0, "y": 3.5}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0, "y": 3.5}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0, "y": 3.5}}
""",
    )
