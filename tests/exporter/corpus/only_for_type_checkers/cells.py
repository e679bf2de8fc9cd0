# What only type checkers import is no dependency, and may be what belongs to the notebook.
# %%
from __future__ import annotations
from typing import TYPE_CHECKING
from kapnb import Handler, Point, udf
if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
# %%
@udf
class H(Handler):
    """Uses them."""

    def point(self, point: Point) -> Iterator[Point]:
        yield point

    def draw(self, axes: Axes) -> None:
        """Draw nothing yet."""
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
