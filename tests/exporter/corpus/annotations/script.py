#!/usr/bin/env python3
# Exported from annotations.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Sided
# cells: 1, 2, 3, 4
# sha256 of these cells: 1c3710ca2151712c031bdd50e9b52626ce2ae58aa01e750147190d7fc2d5ec1d
"""Sided."""

from __future__ import annotations

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

import sys
from typing import TYPE_CHECKING

from kapnb import Handler, udf

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

    def group_state(self) -> Left:
        sys.stderr.write("new group")
        return Left()


if __name__ == "__main__":
    from kapnb.agent import run

    run(Sided)
