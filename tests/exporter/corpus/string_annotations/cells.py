# Names in quoted annotations are followed; texts that are none are not.
# %%
from typing import Annotated, Literal
from kapnb import Handler, Point, udf
from decimal import Decimal
from fractions import Fraction
# %%
class Pump:
    price: "Decimal"
    kind: Literal["Fraction"] = "Fraction"
    flow: Annotated["float", "litres per minute"] = 1.0
# %%
@udf
class H(Handler):
    """Has a pump."""

    pump: "Pump | None" = None

    def point(self, point: "Point"):
        yield point.with_fields(flow=Pump.flow)
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
