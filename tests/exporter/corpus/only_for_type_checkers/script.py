#!/usr/bin/env python3
# Exported from only_for_type_checkers.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "only_for_type_checkers.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "64195a95063103ed" },
#     { number = 2, id = "cell-2", sha256 = "a41bf5bcbe6c36d5" },
# ]
# ///
"""Uses them."""

from __future__ import annotations

from kapnb import Handler, Point, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

from typing import TYPE_CHECKING

# %% only_for_type_checkers.ipynb cell 1
if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes


# %% only_for_type_checkers.ipynb cell 2
@udf
class H(Handler):
    """Uses them."""

    def point(self, point: Point) -> Iterator[Point]:
        yield point

    def draw(self, axes: Axes) -> None:
        """Draw nothing yet."""


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
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
