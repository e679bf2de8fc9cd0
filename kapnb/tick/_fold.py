"""Operators on literals, as Kapacitor computes them while it defines a task.

The types that an operator takes, and the texts for those it does not, are those of tick/stateful
in influxdata/kapacitor: nothing is converted. Knows no scope; names were resolved before.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from kapnb.errors import TickError
from kapnb.model import Duration
from kapnb.tick._ast import (
    Binary,
    Boolean,
    Call,
    DurationLiteral,
    Expression,
    Float,
    Integer,
    Position,
    Reference,
    Regex,
    String,
    Unary,
)
from kapnb.tick._values import Unknown, go_type, type_name

__all__ = ["fold", "negate"]

_Operation = Callable[[Any, Any], Any]


def _wrap(value: int) -> int:
    """Return an int as Go's int64 holds it."""
    return (value + 2**63) % 2**64 - 2**63


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise TickError("runtime error: integer divide by zero")
    quotient = abs(left) // abs(right)
    return _wrap(quotient if (left < 0) == (right < 0) else -quotient)


def _remainder(left: int, right: int) -> int:
    return left - _divide(left, right) * right


def _divide_floats(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)


def _spans(operation: Callable[[Any, Any], float]) -> _Operation:
    return lambda left, right: Duration(_wrap(int(operation(left, right))))


_OPERATIONS: dict[tuple[str, str, str], _Operation] = {
    ("AND", "boolean", "boolean"): lambda left, right: left and right,
    ("OR", "boolean", "boolean"): lambda left, right: left or right,
    ("+", "string", "string"): operator.add,
    ("=~", "string", "regex"): lambda text, regex: bool(re.search(regex.pattern, text)),
    ("!~", "string", "regex"): lambda text, regex: not re.search(regex.pattern, text),
    ("+", "int", "int"): lambda left, right: _wrap(left + right),
    ("-", "int", "int"): lambda left, right: _wrap(left - right),
    ("*", "int", "int"): lambda left, right: _wrap(left * right),
    ("/", "int", "int"): _divide,
    ("%", "int", "int"): _remainder,
    ("+", "float", "float"): operator.add,
    ("-", "float", "float"): operator.sub,
    ("*", "float", "float"): operator.mul,
    ("/", "float", "float"): _divide_floats,
    ("+", "duration", "duration"): _spans(operator.add),
    ("-", "duration", "duration"): _spans(operator.sub),
    ("*", "duration", "int"): _spans(operator.mul),
    ("*", "int", "duration"): _spans(operator.mul),
    ("*", "duration", "float"): _spans(operator.mul),
    ("*", "float", "duration"): _spans(operator.mul),
    ("/", "duration", "int"): _spans(_divide),
    ("/", "duration", "float"): _spans(_divide_floats),
    ("/", "duration", "duration"): _divide,
}
_COMPARISONS: dict[str, _Operation] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_COMPARABLE = (
    *(("int", "int"), ("int", "float"), ("float", "int"), ("float", "float")),
    *(("string", "string"), ("duration", "duration")),
)
for _sign, _compare in _COMPARISONS.items():
    _OPERATIONS.update({(_sign, *types): _compare for types in _COMPARABLE})
_OPERATIONS["==", "boolean", "boolean"] = operator.eq
_OPERATIONS["!=", "boolean", "boolean"] = operator.ne

_KINDS = {"AND": "logical", "OR": "logical", **dict.fromkeys("+-*/%", "math")}


def fold(tree: Expression) -> Any:
    """Return the value of an expression of literals.

    A call of a function gives `Unknown`, and so does what depends on it.

    Raises
    ------
    TickError
        In Kapacitor's words, if an operator does not take these types.
    """
    try:
        return _value(tree)
    except _Refused as refused:
        raise TickError(str(refused), *tree.position) from None
    except TickError as error:
        raise TickError(str(error), *tree.position) from None


def negate(sign: str, value: Any, position: Position) -> Any:
    """Return what ``-`` or ``!`` makes of a value.

    Raises
    ------
    TickError
        If the operator does not take it.
    """
    if isinstance(value, Unknown):
        return value
    if sign == "!" and isinstance(value, bool):
        return not value
    if sign == "-" and isinstance(value, int | float) and not isinstance(value, bool):
        return type(value)(-value)
    # The spelling is Kapacitor's.
    raise TickError(
        f"{position}: invalid arugument to '{sign}' {_shown(value)}", *position
    )  # codespell:ignore


class _Refused(Exception):
    """A binary node that Kapacitor does not compile."""


def _value(tree: Expression) -> Any:
    if isinstance(tree, Binary):
        left, right = _operand(tree.left, "left"), _operand(tree.right, "right")
        return _apply(tree.operator, left, right)
    if isinstance(tree, Unary):
        return negate(tree.operator, _value(tree.operand), tree.position)
    if isinstance(tree, Integer | Float | Boolean | String):
        return tree.value
    if isinstance(tree, DurationLiteral):
        return Duration(tree.nanoseconds)
    if isinstance(tree, Regex):
        return tree
    if isinstance(tree, Call):
        return Unknown()
    if isinstance(tree, Reference):
        raise TickError(f'name "{tree.name}" is undefined. Names in scope: ', *tree.position)
    raise _Refused(f"Given node type is not valid evaluation node: {go_type(tree)}")


def _operand(tree: Expression, side: str) -> Any:
    try:
        return _value(tree)
    except _Refused as refused:
        raise _Refused(f"Failed to handle {side} node: {refused}") from None


def _apply(sign: str, left: Any, right: Any) -> Any:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown()
    types = type_name(left), type_name(right)
    operation = _OPERATIONS.get((sign, *types))
    if operation is not None:
        return operation(left, right)
    if not any(known == sign and types[0] in pair for known, *pair in _OPERATIONS):
        kind = _KINDS.get(sign, "comparison")
        raise _Refused(f"invalid {kind} operator {sign} for type {types[0]}")
    raise _Refused(
        f"mismatched type to binary operator. got {types[0]} {sign} {types[1]}. "
        "see bool(), int(), float(), string(), duration()"
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
