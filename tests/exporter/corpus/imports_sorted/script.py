#!/usr/bin/env python3
# Exported from imports_sorted.ipynb by kapnb 0.1.0; edit the notebook instead.
#
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "kapnb==0.1.0",
#     "numpy==VERSION",
#     "protobuf>=4.25,<8",
# ]
#
# [tool.kapnb]
# version = "0.1.0"
# notebook = "imports_sorted.ipynb"
# handler = "Everything"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "6528ce890945bffe" },
#     { number = 2, id = "cell-2", sha256 = "467523a57faed833" },
#     { number = 3, id = "cell-3", sha256 = "8961c98663cdca1f" },
# ]
# ///
"""Uses every import but the plots."""

from __future__ import annotations

from kapnb import BATCH, STREAM, Batch, Handler, Option, udf
from kapnb.model import Point as P

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="BATCH",
        options={"path": ["STRING"]},
    )

import json as js
import os
import os.path
import xml.etree.ElementTree as ET
from math import ceil as up
from math import floor, sqrt
from typing import Any

import numpy as np


# %% imports_sorted.ipynb cell 3
@udf
class Everything(Handler):
    """Uses every import but the plots."""

    wants, provides = STREAM, BATCH
    path = Option(str, default="")

    def point(self, point: P) -> Any:
        text = js.dumps(ET.__name__ + os.path.sep)
        size = float(np.float64(sqrt(up(floor(1.5)))))
        yield Batch([P({"text": text, "size": size}, time=point.time, name="m")])


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Everything,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Everything", "node_id": "Everything2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< begin     {"name": "m", "size": 1}
< point     {"fields": {"size": 1.0, "text": "\"xml.etree.ElementTree/\""}}
< end       {"name": "m"}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< begin     {"name": "m", "size": 1}
< point     {"time": 1, "fields": {"size": 1.0, "text": "\"xml.etree.ElementTree/\""}}
< end       {"name": "m", "tmax": 1}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< begin     {"name": "m", "size": 1}
< point     {"time": 2, "fields": {"size": 1.0, "text": "\"xml.etree.ElementTree/\""}}
< end       {"name": "m", "tmax": 2}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< begin     {"name": "m", "size": 1}
< point     {"time": 3, "fields": {"size": 1.0, "text": "\"xml.etree.ElementTree/\""}}
< end       {"name": "m", "tmax": 3}
""",
    )
