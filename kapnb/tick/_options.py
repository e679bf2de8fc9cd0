"""Arguments of a script as the options that init tells a UDF."""

from __future__ import annotations

from typing import Any

from kapnb.model import Duration, InfoResponse, OptionValue, ReceivedOption, ValueType
from kapnb.tick._ast import Boolean, Float, Integer, String
from kapnb.tick._graph import TaskNode
from kapnb.tick._render import render

__all__ = ["literal", "option_value", "received_options"]

_TYPES: tuple[tuple[type, ValueType], ...] = (
    (bool, ValueType.BOOL),  # before int, whose subclass it is, as is Duration
    (Duration, ValueType.DURATION),
    (int, ValueType.INT),
    (float, ValueType.DOUBLE),
    (str, ValueType.STRING),
)


def option_value(value: Any) -> OptionValue:
    """Return an argument as it reaches a UDF.

    A lambda, a regex, a reference or a star is a BOOL without a value: so Kapacitor sends it.
    """
    for kind, value_type in _TYPES:
        if isinstance(value, kind):
            literal: Any = int(value) if isinstance(value, Duration) else value
            return OptionValue(value_type, literal)
    return OptionValue(ValueType.BOOL, None)


def literal(item: OptionValue) -> str:
    r"""Return an argument as TICKscript writes it, which converts nothing.

    Examples
    --------
    >>> literal(OptionValue(ValueType.DOUBLE, -3)), literal(OptionValue(ValueType.STRING, "it's"))
    ('-3.0', "'it\\'s'")
    """
    value: Any = item.value
    if item.type is ValueType.BOOL:
        return render(Boolean(value))
    if item.type is ValueType.STRING:
        return render(String(value))
    if item.type is ValueType.DURATION:
        return str(Duration(value))
    if item.type is ValueType.INT:
        return render(Integer(value)) if value >= 0 else f"-{render(Integer(-value))}"
    return render(Float(float(value))) if value >= 0 else f"-{render(Float(-float(value)))}"


def received_options(node: TaskNode, info: InfoResponse) -> tuple[ReceivedOption, ...]:
    """Return the options that a script gives a UDF, in the order of the script."""
    return tuple(
        ReceivedOption(used.name, tuple(option_value(value) for value in used.arguments))
        for used in node.properties
        if used.name in info.options
    )
