"""Values of a script while it is evaluated: their types, and what Go says to them as arguments.

Values are Python's and trees, as in `_graph`; nodes appear as `NodeObject`. Knows no scope and
no table of nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kapnb.model import Duration
from kapnb.tick._ast import (
    Boolean,
    DurationLiteral,
    Expression,
    Float,
    Integer,
    LambdaExpression,
    ListLiteral,
    Position,
    Reference,
    Regex,
    Star,
    String,
)
from kapnb.tick._catalogue import ObjectType, Signature
from kapnb.tick._graph import TaskNode, TimeDimension

__all__ = ["NodeObject", "Unknown", "call_fault", "go_type", "literal_of", "unwrap", "var_type"]


@dataclass(frozen=True, slots=True)
class NodeObject:
    """What a chain stands at: a node, seen as itself or as a handler of an alert.

    `handler` is the name of the handler, empty if it is the node.
    """

    node: TaskNode
    object: ObjectType
    handler: str = ""


class Unknown:
    """A value that is not computed here, and fits everywhere: never refuse what may be right."""


# Kapacitor's names of types in vars, and Go's; bool before int, Duration before int.
_TYPES: tuple[tuple[type, str, str], ...] = (
    (bool, "boolean", "bool"),
    (Duration, "duration", "time.Duration"),
    (int, "int", "int64"),
    (float, "float", "float64"),
    (str, "string", "string"),
    (Regex, "regex", "*regexp.Regexp"),
    (LambdaExpression, "lambda", "*ast.LambdaNode"),
    (list, "list", "[]interface {}"),
    (tuple, "list", "[]interface {}"),
    (Star, "star", "*ast.StarNode"),
    (Reference, "invalid type", "*ast.ReferenceNode"),
    (TimeDimension, "invalid type", "kapacitor.groupByTime"),
)


def var_type(value: Any) -> str:
    """Return Kapacitor's name of a value's type, as in a vars file; ``invalid type`` if none."""
    return next((name for kind, name, _ in _TYPES if isinstance(value, kind)), "invalid type")


def go_type(value: Any) -> str:
    """Return the Go type of a value, as ``%T`` shows it."""
    if isinstance(value, NodeObject):
        return f"*pipeline.{value.object.go}"
    return next((go for kind, _, go in _TYPES if isinstance(value, kind)), "<nil>")


def call_fault(signature: Signature, arguments: Sequence[Any]) -> str:
    """Return what Go's reflection panics with for these arguments; empty if they fit."""
    if signature.is_field:
        given, wanted = go_type(arguments[0]), signature.parameters[0]
        if _fits(arguments[0], wanted):
            return ""
        return f"reflect.Set: value of type {given} is not assignable to type {wanted}"
    *fixed, last = signature.parameters or ("",)
    variadic = last.removeprefix("...") if last.startswith("...") else ""
    wanted_types = fixed if variadic else list(signature.parameters)
    if len(arguments) < len(wanted_types):
        return "reflect: Call with too few input arguments"
    if len(arguments) > len(wanted_types) and not variadic:
        return "reflect: Call with too many input arguments"
    for value, wanted in zip(arguments, wanted_types, strict=False):
        if not _fits(value, wanted):
            return f"reflect: Call using {go_type(value)} as type {wanted}"
    for value in arguments[len(wanted_types) :]:
        if not _fits(value, variadic):
            return f"reflect: cannot use {go_type(value)} as type {variadic} in Call"
    return ""


def _fits(value: Any, wanted: str) -> bool:
    if isinstance(value, Unknown) or wanted == "interface {}":
        return True
    if wanted == "pipeline.Node":
        return isinstance(value, NodeObject)
    return go_type(value) == wanted


def literal_of(value: Any, position: Position) -> Expression:
    """Return the literal that stands for a variable within an expression.

    Raises
    ------
    ValueError
        With Kapacitor's text, if nothing can.
    """
    if isinstance(value, bool):
        return Boolean(value, position=position)
    if isinstance(value, Duration):
        return DurationLiteral(int(value), str(value), position=position)
    if isinstance(value, int):
        return Integer(value, position=position)
    if isinstance(value, float):
        return Float(value, position=position)
    if isinstance(value, str):
        return String(value, position=position)
    if isinstance(value, Regex | LambdaExpression):
        return value
    if isinstance(value, list | tuple):
        items = tuple(literal_of(item, position) for item in value)
        return ListLiteral(items, position=position)
    raise ValueError(f"unsupported literal type {go_type(value)}")


def unwrap(value: Any) -> Any:
    """Return an argument as a task keeps it."""
    if isinstance(value, NodeObject):
        return value.node
    return tuple(unwrap(item) for item in value) if isinstance(value, list) else value
