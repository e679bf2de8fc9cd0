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

    def group_state(self) -> Left:
        sys.stderr.write("new group")
        return Left()
