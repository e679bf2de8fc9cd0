# Imports are split, joined, sorted and grouped; only what is needed travels.
# %%
from __future__ import annotations
import os, json as js
import xml.etree.ElementTree as ET
import os.path
from typing import Any
import numpy as np
# %%
from kapnb import udf, Batch, Handler, Option, STREAM, BATCH
from kapnb.model import Point as P
from math import sqrt, floor
from math import ceil as up
import matplotlib.pyplot as plt
import numpy as np
# %%
@udf
class Everything(Handler):
    """Uses every import but the plots."""

    wants, provides = STREAM, BATCH
    path = Option(str, default="")

    def point(self, point: P) -> Any:
        text = js.dumps(ET.__name__ + os.path.sep)
        size = float(np.float64(sqrt(up(floor(1.5)))))
        yield Batch([P({"text": text, "size": size}, time=point.time, name="m")])
# %%
from kapnb import Point, simulate
simulate(Everything, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
