"""NumPy's arrays and scalars in a snapshot. Imported only where NumPy is there.

The bytes of an array stand for it, beside dtype and shape. Objects never: they would need a
pickle. What a dtype and a shape claim is checked against the bytes before NumPy sees them.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from kapnb.handler._codec import MARK, Decoder, Encoder, Misfit, Unkept

__all__ = ["read_array", "read_text", "writer_of"]

#: Booleans, numbers, times, texts of fixed size: nothing structured, nothing that refers.
_DTYPE = re.compile(r"[<>|=]?[biufcSUmM][0-9]{1,9}(?:\[[0-9]{0,9}[A-Za-z]{1,2}\])?")
#: NumPy's texts, and what gives Python's with all their zeros at the end.
_TEXTS: dict[Any, Callable[[Any], Any]] = {np.str_: str.__str__, np.bytes_: bytes}


def writer_of(kind: type) -> Callable[[Encoder, Any], Any]:
    """Return what writes the values of a NumPy type.

    Raises
    ------
    Unkept
        If nothing does.
    """
    if kind in _TEXTS:
        return _write_text
    if kind is np.ndarray or (issubclass(kind, np.generic) and kind.__module__ == "numpy"):
        return _write_array
    raise Unkept(f"is a {kind.__name__}, more than a plain array; keep numpy.asarray(…) of it")


def _write_array(encoder: Encoder, value: Any) -> Any:
    dtype = value.dtype
    if not _DTYPE.fullmatch(dtype.str) or not dtype.itemsize:
        advice = "one array a field" if dtype.names else "numbers, times or texts of fixed size"
        raise Unkept(f"is a NumPy array of {dtype!s:.60}, which cannot be kept; keep {advice}")
    return {
        MARK: "numpy",
        "dtype": dtype.str,
        "shape": list(value.shape) if type(value) is np.ndarray else None,
        "v": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode(),
    }


def read_array(decoder: Decoder, value: Any) -> Any:
    """Return an array, or a scalar where there is no shape."""
    text, shape = value["dtype"], value["shape"]
    if not _DTYPE.fullmatch(text):
        raise ValueError(f"dtype {text!r:.60}")
    data = base64.b64decode(value["v"], validate=True)
    try:
        dtype = np.dtype(text)
    except TypeError:
        raise Misfit(f"this NumPy has no dtype {text!r}") from None
    sizes = [] if shape is None else shape
    if any(type(size) is not int or size < 0 for size in sizes):
        raise ValueError(f"shape {shape!r:.60}")
    if not dtype.itemsize or math.prod(sizes) * dtype.itemsize != len(data):
        raise ValueError(f"{len(data)} bytes for an array of {text}, shape {shape!r:.60}")
    array = np.frombuffer(data, dtype=dtype).copy()
    return array[0] if shape is None else array.reshape(sizes)


def _write_text(encoder: Encoder, value: Any) -> Any:
    """NumPy's texts are Python's; as arrays they would lose zeros at their end."""
    return {MARK: "numpy.str", "v": encoder.encode(_TEXTS[type(value)](value))}


def read_text(decoder: Decoder, value: Any) -> Any:
    """Return a NumPy text."""
    text = decoder.decode(value["v"])
    if type(text) is str:
        return np.str_(text)
    if type(text) is bytes:
        return np.bytes_(text)
    raise TypeError(f"{text!r:.40} where a text was expected")
