"""What the operators of lambda expressions do, by the types of their operands.

The table is Kapacitor's (tick/stateful/evaluation_funcs.go): ints and floats may be compared
with each other but not calculated with; a duration may be multiplied and divided; strings may be
added. Ints have 64 bits and wrap; a quotient of ints is cut off towards zero.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from kapnb.model import Duration
from kapnb.tick._types import name_of_type

__all__ = ["OPERATORS", "EvaluationError", "mismatch", "wrap"]

Operation = Callable[[Any, Any], Any]
Table = dict[tuple[type, type], Operation]

_COMPARISONS: dict[str, Operation] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LOGICAL = ("AND", "OR")
_MATH = ("+", "-", "*", "/", "%")


class EvaluationError(Exception):
    """An expression has no value for this point; the text is Kapacitor's."""


def wrap(value: int) -> int:
    """Return an int as 64 bits keep it."""
    return (value + 2**63) % 2**64 - 2**63


def _int_divide(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("runtime error: integer divide by zero")
    quotient = abs(left) // abs(right)
    return wrap(quotient if (left < 0) == (right < 0) else -quotient)


def _int_modulo(left: int, right: int) -> int:
    return left - right * _int_divide(left, right)


def divide(left: float, right: float) -> float:
    """Return a quotient of floats; division by zero gives an infinity, or NaN."""
    try:
        return left / right
    except ZeroDivisionError:
        if left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _span(value: float) -> Duration:
    """Return a duration of a float, cut off towards zero."""
    if not math.isfinite(value):
        return Duration(-(2**63))  # what amd64 makes of it
    return Duration(wrap(int(value)))


def _tables() -> dict[str, Table]:
    tables: dict[str, Table] = {name: {} for name in (*_COMPARISONS, *_LOGICAL, *_MATH, "=~", "!~")}
    numbers = ((int, int), (float, float), (int, float), (float, int))
    for name, compare in _COMPARISONS.items():
        alike = ((str, str), (Duration, Duration))
        for pair in (*numbers, *alike):
            tables[name][pair] = compare
        if name in ("==", "!="):
            tables[name][bool, bool] = compare
    for name, calculate in (("+", operator.add), ("-", operator.sub), ("*", operator.mul)):
        tables[name][float, float] = calculate
        tables[name][int, int] = _wrapped(calculate, int)
        if name != "*":
            tables[name][Duration, Duration] = _wrapped(calculate, Duration)
    tables["+"][str, str] = operator.add
    tables["/"] |= {
        (float, float): divide,
        (int, int): _int_divide,
        (Duration, int): lambda left, right: Duration(_int_divide(int(left), right)),
        (Duration, float): lambda left, right: _span(divide(float(left), right)),
        (Duration, Duration): lambda left, right: _int_divide(int(left), int(right)),
    }
    tables["%"][int, int] = _int_modulo
    tables["*"] |= {
        (Duration, int): _wrapped(operator.mul, Duration),
        (int, Duration): _wrapped(operator.mul, Duration),
        (Duration, float): lambda left, right: _span(float(left) * right),
        (float, Duration): lambda left, right: _span(left * float(right)),
    }
    for name in _LOGICAL:
        tables[name][bool, bool] = operator.and_ if name == "AND" else operator.or_
    tables["=~"][str, re.Pattern] = lambda text, regex: regex.search(text) is not None
    tables["!~"][str, re.Pattern] = lambda text, regex: regex.search(text) is None
    return tables


def _wrapped(calculate: Operation, kind: type) -> Operation:
    return lambda left, right: kind(wrap(calculate(int(left), int(right))))


#: Of each operator, what it does to operands of these two types.
OPERATORS = _tables()


def mismatch(name: str, left: type, right: type) -> EvaluationError:
    """Return the error of an operator that does not take these types, in Kapacitor's words."""
    if not any(left in pair for pair in OPERATORS[name]):
        kind = "math" if name in _MATH else "logical" if name in _LOGICAL else "comparison"
        return EvaluationError(f"invalid {kind} operator {name} for type {name_of_type(left)}")
    return EvaluationError(
        f"mismatched type to binary operator. got {name_of_type(left)} {name} "
        f"{name_of_type(right)}. see bool(), int(), float(), string(), duration()"
    )
