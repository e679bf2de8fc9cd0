#!/usr/bin/env python3
# Exported from imports_sorted.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Everything
# cells: 1, 2, 3
# sha256 of these cells: cf3eb5d6289b42d9d7aa186a56758a0fb316c3e80d79805431fd63f04ac1171b
"""Uses every import but the plots."""

from __future__ import annotations

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

import json as js
import os
import os.path
import xml.etree.ElementTree as ET
from math import ceil as up
from math import floor, sqrt
from typing import Any

import numpy as np

from kapnb import BATCH, STREAM, Handler, Option, udf
from kapnb.model import Point as P


# %% imports_sorted.ipynb cell 3
@udf
class Everything(Handler):
    """Uses every import but the plots."""

    wants, provides = STREAM, BATCH
    path = Option(str)

    def point(self, point: P, state: Any):
        js.dumps(ET.__name__ + os.path.sep)
        return np.float64(sqrt(up(floor(1.5))))


if __name__ == "__main__":
    from kapnb.agent import run

    run(Everything)
