#!/usr/bin/env python3
# Exported from annotations.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "annotations.ipynb"
# handler = "Sided"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "2692a5f1729bf51d" },
#     { number = 2, id = "cell-2", sha256 = "7f70c090fcbd885f" },
#     { number = 3, id = "cell-3", sha256 = "c61a372c5d69765a" },
#     { number = 4, id = "cell-4", sha256 = "7f9813c37da6f524" },
# ]
# ///
"""Sided."""

from __future__ import annotations

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

import sys
from typing import TYPE_CHECKING

# %% annotations.ipynb cell 1
if TYPE_CHECKING:
    from decimal import Decimal


# %% annotations.ipynb cell 2
class Left:
    other: Right
    value: Decimal


# %% annotations.ipynb cell 3
class Right:
    other: Left


# %% annotations.ipynb cell 4
@udf
class Sided(Handler):
    """Sided."""

    def side(self) -> Left:
        return Left()

    def point(self, point):
        sys.stderr.write("a point")
        yield point


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Sided,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Sided", "node_id": "Sided2"}
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
