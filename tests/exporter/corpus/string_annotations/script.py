#!/usr/bin/env python3
# Exported from string_annotations.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "string_annotations.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "b36cace57946f93d" },
#     { number = 2, id = "cell-2", sha256 = "47e069a078d52fa2" },
#     { number = 3, id = "cell-3", sha256 = "926d31d31c148a29" },
# ]
# ///
"""Has a pump."""

from kapnb import Handler, Point, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

from decimal import Decimal
from typing import Annotated, Literal


# %% string_annotations.ipynb cell 2
class Pump:
    price: "Decimal"
    kind: Literal["Fraction"] = "Fraction"
    flow: Annotated["float", "litres per minute"] = 1.0


# %% string_annotations.ipynb cell 3
@udf
class H(Handler):
    """Has a pump."""

    pump: "Pump | None" = None

    def point(self, point: "Point"):
        yield point.with_fields(flow=Pump.flow)


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"flow": 1.0, "x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"flow": 1.0, "x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"flow": 1.0, "x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"flow": 1.0, "x": 3.0}}
""",
    )
