"""Values that an export writes into the script as literals.

In a notebook ``freeze`` checks that a value is small and plain, and hands it back as the script
will have it. In the script the literal stands in its place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeVar

from kapnb.errors import ExportError

__all__ = ["LITERAL_LIMIT", "freeze", "literal"]

_T = TypeVar("_T")

#: What a person still scrolls past, in characters.
LITERAL_LIMIT = 10_000
#: The default of the linters that may look at the script.
_LINE_LENGTH = 88
_PLAIN = (bool, int, float, complex, str, bytes)


def freeze(value: _T) -> _T:
    """Mark a value computed in the notebook to be written into the script.

    Parameters
    ----------
    value : None, number, str, bytes, tuple, list, dict, set, or array
        Something plain and small, to any depth. NumPy's numbers and arrays become Python's
        numbers and lists.

    Returns
    -------
    object
        A copy, as the script will have it.

    Raises
    ------
    ExportError
        If it is not plain, or longer than 10,000 characters as a literal.

    Notes
    -----
    It must be all that stands right of an assignment to one name, outside functions and
    classes: the exporter writes that name's value.

    Examples
    --------
    >>> LIMIT = freeze(sum([1.5, 2.5]) / 2)
    >>> LIMIT
    2.0
    >>> freeze(print)
    Traceback (most recent call last):
        ...
    kapnb.errors.ExportError: freeze takes plain values, and a builtin_function_or_method is none; \
keep it in a file with artifact(), or make plain what of it is needed
    """
    plain: _T = _plain(value)
    length = len(repr(plain))
    if length > LITERAL_LIMIT:
        raise ExportError(
            f"freeze takes small values, and this one needs {length:,} characters; keep it in a "
            "file with artifact()"
        )
    return plain


def literal(value: Any, indent: int = 0, used: int = 0) -> str:
    """Write a plain value as Python, over several lines if one is too short.

    Parameters
    ----------
    value : object
        As `freeze` returned it.
    indent : int, default: 0
        How far the line is indented on which it begins.
    used : int, default: 0
        How many characters stand before and behind it on that line.

    Examples
    --------
    >>> literal({"b": [1, 2.5], "a": float("inf")})
    '{"b": [1, 2.5], "a": float("inf")}'
    """
    line = _on_one_line(value)
    if indent + used + len(line) <= _LINE_LENGTH or not isinstance(value, (list, tuple, dict, set)):
        return line
    if not value:
        return line
    left, right = _brackets(value)
    inner = " " * (indent + 4)
    items = "".join(f"{inner}{text},\n" for text in _items(value, indent + 4))
    return f"{left}\n{items}{' ' * indent}{right}"


def _plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in _PLAIN:
        return value
    if kind in (list, tuple, set, frozenset):
        return kind(_plain(item) for item in value)
    if kind is dict:
        return {_plain(key): _plain(item) for key, item in value.items()}
    if kind.__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        plain = value.tolist()
        if type(plain) is not kind:
            return _plain(plain)
    raise ExportError(
        f"freeze takes plain values, and a {kind.__name__} is none; keep it in a file with "
        "artifact(), or make plain what of it is needed"
    )


def _on_one_line(value: Any) -> str:
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text
    if isinstance(value, bytes):
        text = repr(value)
        return f'b"{text[2:-1]}"' if text[1] == "'" and '"' not in text else text
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, complex):
        return f"complex({_on_one_line(value.real)}, {_on_one_line(value.imag)})"
    if isinstance(value, frozenset):
        return f"frozenset({_on_one_line(set(value))})" if value else "frozenset()"
    if isinstance(value, set) and not value:
        return "set()"
    if isinstance(value, (list, tuple, dict, set)):
        left, right = _brackets(value)
        items = ", ".join(_items(value))
        return f"{left}{items}{',' if isinstance(value, tuple) and len(value) == 1 else ''}{right}"
    return repr(value)


def _brackets(value: Any) -> tuple[str, str]:
    if isinstance(value, list):
        return "[", "]"
    return ("(", ")") if isinstance(value, tuple) else ("{", "}")


def _items(value: Any, indent: int | None = None) -> Iterator[str]:
    """Yield the texts of the items, each fit for a line of its own if `indent` is given."""

    def written(item: Any, used: int = 0) -> str:
        return _on_one_line(item) if indent is None else literal(item, indent, used + 1)

    if isinstance(value, dict):
        for key, item in value.items():
            name = _on_one_line(key)
            yield f"{name}: {written(item, len(name) + 2)}"
    elif isinstance(value, set):  # its own order hangs on the hash seed
        yield from sorted(map(written, value))
    else:
        yield from map(written, value)
