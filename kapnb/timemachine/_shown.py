"""Values as short text that is the same in every run: bounded, on one line, without addresses."""

from __future__ import annotations

import re
import reprlib
from typing import Any

__all__ = ["VALUE_MAX", "shown"]

#: Longest text of one value, in characters.
VALUE_MAX = 120
#: Characters of a number within a container, unless it is rounded.
_DIGITS = 8
#: Columns of a table of pandas that are told.
_COLUMNS_MAX = 4
#: Where an object happens to lie in memory says nothing, and differs from run to run.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class _Short(reprlib.Repr):
    """Bounded reprs of containers, which a large state must not pay for in full."""

    def __init__(self) -> None:
        super().__init__()
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxdeque = 8
        self.maxfrozenset = self.maxarray = 8
        self.maxstring = self.maxlong = self.maxother = VALUE_MAX
        self.maxlevel = 4

    def repr_float(self, value: float, level: int) -> str:
        """Within a container, be as long as six digits; a value alone is told in full."""
        text = repr(value)
        return text if level == self.maxlevel or len(text) <= _DIGITS else f"{value:.6g}"

    def repr_deque(self, value: Any, level: int) -> str:
        """Name the bound, too: what falls out of a full deque is no loss."""
        inner = self._repr_iterable(value, level, "deque([", "]", self.maxdeque)  # type: ignore[attr-defined]
        return f"{inner}, maxlen={value.maxlen})" if value.maxlen is not None else f"{inner})"

    def repr_ndarray(self, value: Any, level: int) -> str:
        """Say what kind of array it is, and what its values span."""
        return _array(value)

    def repr_DataFrame(self, value: Any, level: int) -> str:  # noqa: N802  # named by the class
        """Say how many rows there are, and what each of the first columns spans."""
        columns = [f"{name!s:.20} {_span(value[name])}" for name in list(value)[:_COLUMNS_MAX]]
        more = ", …" if value.shape[1] > len(columns) else ""
        return f"DataFrame({len(value)} rows: {', '.join(columns)}{more})"

    def repr_Series(self, value: Any, level: int) -> str:  # noqa: N802
        """Say what kind of series it is, and what its values span."""
        return f"Series({len(value)} x {value.dtype}: {_span(value)})"

    def repr_instance(self, value: Any, level: int) -> str:
        """Use the object's own words, if it has any."""
        try:
            text = repr(value)
        except Exception as error:  # user code
            text = f"<{type(value).__name__}, whose repr failed: {type(error).__name__}>"
        return _ADDRESS.sub("", text)


_SHORT = _Short()


def shown(value: Any, most: int = VALUE_MAX) -> str:
    """Return `value` as one line of at most so many characters.

    Examples
    --------
    >>> from collections import deque
    >>> shown(deque(range(100), maxlen=100))
    'deque([0, 1, 2, 3, 4, 5, 6, 7, ...], maxlen=100)'
    >>> shown(object())
    '<object object>'
    """
    text = " ".join(_SHORT.repr(value).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _array(value: Any) -> str:
    """Return an array as ``array(100 x float64: 0 … 9.5, mean 4.75)``."""
    shape = " x ".join(map(str, value.shape)) or "1"
    head = f"array({shape} x {value.dtype}"
    if not value.size or value.dtype.kind not in "biuf":
        return f"{head})"
    if value.size <= 4:
        return f"{head}: {', '.join(_number(one) for one in value.ravel())})"
    low, high, mean = value.min(), value.max(), value.mean()
    return f"{head}: {_number(low)} … {_number(high)}, mean {_number(mean)})"


def _span(column: Any) -> str:
    """Return what a column of pandas spans, or for want of that its last value."""
    if getattr(column, "ndim", 1) != 1:  # several columns have this name
        return "…"
    if not len(column):
        return "empty"
    if getattr(column.dtype, "kind", "") in "iuf":
        return f"{column.min():.6g} … {column.max():.6g}"
    return f"… {_SHORT.repr(column.iloc[-1])}"


def _number(value: Any) -> str:
    return f"{value:.6g}" if value.dtype.kind == "f" else str(value)
