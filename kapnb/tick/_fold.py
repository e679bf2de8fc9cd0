"""Operators on literals, as Kapacitor computes them while it defines a task.

What an operator does is what it does in a lambda expression; the texts for what it does not are
those of tick/stateful in influxdata/kapacitor. Knows no scope; names were resolved before.
"""

from __future__ import annotations

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
    LambdaExpression,
    Position,
    Reference,
    Regex,
    String,
    Unary,
)
from kapnb.tick._functions import NOT_SIMULATED
from kapnb.tick._lambdas import EvaluationError, Lambda, calls
from kapnb.tick._operators import OPERATORS, mismatch, wrap
from kapnb.tick._regex import compile_regex
from kapnb.tick._values import Unknown

__all__ = ["fold", "negate"]


def fold(tree: Expression) -> Any:
    """Return the value of an expression of literals; `Unknown` if it is not computed here.

    Raises
    ------
    TickError
        In Kapacitor's words, if an operator does not take these types.
    """
    try:
        return _value(tree)
    except EvaluationError as error:
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
    if sign == "-" and isinstance(value, float):
        return -value
    if sign == "-" and isinstance(value, int) and not isinstance(value, bool):
        return type(value)(wrap(-int(value)))
    shown = str(value).lower() if isinstance(value, bool) else value
    text = f"invalid arugument to '{sign}' {shown}"  # as Kapacitor spells it
    raise TickError(f"{position}: {text}", *position)


def _value(tree: Expression) -> Any:
    if isinstance(tree, Binary):
        return _apply(tree.operator, _operand(tree.left, "left"), _operand(tree.right, "right"))
    if isinstance(tree, Unary):
        return negate(tree.operator, _value(tree.operand), tree.position)
    if isinstance(tree, Integer | Float | Boolean | String):
        return tree.value
    if isinstance(tree, DurationLiteral):
        return Duration(tree.nanoseconds)
    if isinstance(tree, Regex):
        return _regex(tree)
    if isinstance(tree, Call):
        return _called(tree)
    if isinstance(tree, Reference):
        raise EvaluationError(f'name "{tree.name}" is undefined. Names in scope: ')
    raise EvaluationError("Given node type is not valid evaluation node")


def _operand(tree: Expression, side: str) -> Any:
    """Return the value of one side; what an inner operator does not take is told of the outer."""
    try:
        return _value(tree)
    except EvaluationError as error:
        if not isinstance(tree, Binary):
            raise
        raise EvaluationError(f"Failed to handle {side} node: {error}") from None


def _apply(sign: str, left: Any, right: Any) -> Any:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown()
    operation = OPERATORS[sign].get((type(left), type(right)))
    if operation is None:
        raise mismatch(sign, type(left), type(right))
    return operation(left, right)


def _regex(tree: Regex) -> Any:
    try:
        return compile_regex(tree.pattern)
    except ValueError:  # what Go refuses was refused by the parser; this cannot be translated
        return Unknown()


def _called(tree: Call) -> Any:
    if any(calls(tree, name) for name in (*NOT_SIMULATED, "now")):
        return Unknown()
    try:
        function = Lambda(LambdaExpression(tree))
        return function.evaluate({}, function.new_memory())
    except KeyError as error:  # a reference to a field
        text = f'name "{error.args[0]}" is undefined. Names in scope: '
        raise EvaluationError(text) from None
    except TickError as error:
        raise EvaluationError(str(error).removeprefix(f"{tree.position}: ")) from None
