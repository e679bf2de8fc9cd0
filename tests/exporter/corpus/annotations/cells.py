# Annotations are followed, but two classes may name each other in them.
# %%
from __future__ import annotations
from typing import TYPE_CHECKING
from kapnb import Handler, udf
if TYPE_CHECKING:
    from decimal import Decimal

import sys
# %%
class Left:
    other: Right
    value: Decimal
# %%
class Right:
    other: Left
# %%
@udf
class Sided(Handler):
    """Sided."""

    def side(self) -> Left:
        return Left()

    def point(self, point):
        sys.stderr.write("a point")
        yield point
# %%
from kapnb import Point, simulate
simulate(Sided, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
