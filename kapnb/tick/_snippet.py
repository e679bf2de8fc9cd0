"""How a Handler is used in a TICKscript: the lines to paste behind a node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kapnb.handler import Handler, Option
from kapnb.model import OptionValue, ValueType
from kapnb.tick._options import literal

__all__ = ["udf_name", "udf_snippet"]

#: What stands for a value that only the reader knows, of each type.
_EXAMPLES: dict[ValueType, Any] = {
    ValueType.BOOL: True,
    ValueType.INT: 1,
    ValueType.DOUBLE: 1.0,
    ValueType.STRING: "…",
    ValueType.DURATION: 60_000_000_000,
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def udf_name(handler: type[Handler]) -> str:
    """Return the name that a Handler has in a TICKscript if nobody says another.

    Examples
    --------
    >>> class MovingAverage(Handler): ...
    >>> udf_name(MovingAverage)
    'moving_average'
    """
    return _HUMP.sub("_", handler.__name__).lower()


def udf_snippet(handler: type[Handler], name: str | None = None) -> str:
    """Return the use of a Handler in a TICKscript, to paste behind a node.

    Parameters
    ----------
    handler : subclass of Handler
    name : str, optional
        The UDF's, as in ``[udf.functions.NAME]``; by default `udf_name`.

    Returns
    -------
    str
        All options, what each is for, and its default. What must be given stands there with
        an example that has to be replaced; what has no value that could be written is a
        comment.

    Examples
    --------
    >>> class Mean(Handler):
    ...     field = Option(str, doc="field to average")
    ...     size = Option(int, default=10)
    >>> print(udf_snippet(Mean))
    @mean()
        // field to average (required)
        .field('…')
        .size(10)
    """
    lines = [f"@{name or udf_name(handler)}()"]
    for option in handler.handler_shape.options.values():
        lines += [f"    {line}" for line in _use(option)]
    return "\n".join(lines)


def _use(option: Option[Any]) -> Iterator[str]:
    """Yield what is said of one option."""
    remarks = [" ".join(option.doc.split())] if option.doc else []
    values = _values(option)
    given = values is not None and not option.many and (bool(option.types) or option.default)
    if option.required:
        remarks.append("(required)")
    if option.many:
        remarks.append("(may be repeated)")
    if remarks:
        yield f"// {' '.join(remarks)}"
    if values is None or option.required:
        values = [OptionValue(kind, _EXAMPLES[kind]) for kind in option.types]
    used = f".{option.name}({', '.join(map(literal, values))})"
    yield used if given or option.required else f"// {used}"


def _values(option: Option[Any]) -> list[OptionValue] | None:
    """Return the default as arguments; None where there is none that can be written."""
    default = option.default
    if option.required or default is None or option.many:
        return None
    if not option.types:
        return []
    values = list(default) if len(option.types) > 1 else [default]
    return [OptionValue(kind, value) for kind, value in zip(option.types, values, strict=False)]
