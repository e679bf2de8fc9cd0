"""Lambda expressions, compiled to closures.

A tree becomes one Python function of a scope (names and their values) and of the memory of its
stateful functions. What cannot be right for any point is refused when it is compiled: types that
never match as Kapacitor does when a task starts, calls that cannot be made before it would notice.
What is wrong for one point is an `EvaluationError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kapnb.errors import LateError, NotSimulatedError, TickError
from kapnb.model import Duration, Point
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
from kapnb.tick._functions import FUNCTIONS, NOT_SIMULATED, STATEFUL, Function
from kapnb.tick._operators import OPERATORS, EvaluationError, mismatch, wrap
from kapnb.tick._regex import compile_regex, go_refusal
from kapnb.tick._types import MISSING, Moment, type_name

__all__ = [
    "EvaluationError",
    "Lambda",
    "Memory",
    "Scope",
    "calls",
    "explained",
    "references",
]

Scope = dict[str, Any]
#: What the stateful functions of one expression remember, of one group.
Memory = list[Any]
Evaluate = Callable[[Scope, Memory], Any]
#: A compiled node: what it does, and the type it always gives, if that is known.
Compiled = tuple[Evaluate, type | None]

_NOW = "time"


class Lambda:
    """A lambda expression that can be evaluated for points.

    Parameters
    ----------
    tree : LambdaExpression
        As the parser gives it; variables are replaced by their values.

    Raises
    ------
    TickError
        For types that never match, and a regular expression that Go refuses.
    LateError
        For an unknown function, or a wrong number of arguments.

    Attributes
    ----------
    names : tuple of str
        The fields and tags it refers to, ``time`` included.

    Examples
    --------
    >>> from kapnb.tick._ast import Binary, Float, LambdaExpression, Reference
    >>> high = Lambda(LambdaExpression(Binary(">", Reference("usage"), Float(90.0))))
    >>> high.test(Point({"usage": 93.5}, time=0, tags={}), high.new_memory())
    True
    """

    def __init__(self, tree: LambdaExpression) -> None:
        self.tree = tree
        self._stateful: list[type] = []
        found = tuple(dict.fromkeys(found.name for found in references(tree.body)))
        self._timed = _NOW in found or calls(tree.body, "now")
        self.names = found
        self._filled = tuple(name for name in found if name != _NOW)
        self._evaluate, self._type = self._compile(tree.body)

    def new_memory(self) -> Memory:
        """Return a fresh memory; each group has its own."""
        return [kind() for kind in self._stateful]

    def fill(self, scope: Scope, point: Point) -> None:
        """Put into `scope` what the expression refers to.

        A name that is neither field nor tag keeps the value it has there, if any: the result of
        an earlier expression.

        Raises
        ------
        EvaluationError
            If a name is both a field and a tag.
        """
        fields, tags = point.fields._all(), point.tags._all()
        for name in self._filled:
            value = fields.get(name, MISSING)
            if name in tags:
                if value is not MISSING:
                    raise EvaluationError(f'cannot have field and tags with same name "{name}"')
                value = tags[name]
            if value is not MISSING or name not in scope:
                scope[name] = value
        if self._timed:
            scope[_NOW] = Moment(point.time)

    def evaluate(self, scope: Scope, memory: Memory) -> Any:
        """Return the expression's value.

        Raises
        ------
        EvaluationError
            If it has none.
        """
        value = self._evaluate(scope, memory)
        if value is MISSING:
            body = self.tree.body
            raise EvaluationError(
                f'missing value: "{body.name}"'
                if isinstance(body, Reference)
                else "expression returned unexpected type missing"
            )
        return value

    def test(self, point: Point, memory: Memory) -> bool:
        """Return whether a point satisfies the expression.

        Raises
        ------
        EvaluationError
            If the expression has no value for the point, or one that is no bool.
        """
        scope: Scope = {}
        self.fill(scope, point)
        value = self._evaluate(scope, memory)
        if value is True or value is False:
            return value
        if value is MISSING and isinstance(self.tree.body, Reference):
            raise _absent("reference", self.tree.body)
        raise EvaluationError(f"expression returned unexpected type {type_name(value)}")

    # ------------------------------------------------------------------- compilation

    def _compile(self, node: Expression) -> Compiled:
        if isinstance(node, (Integer, Float, Boolean, String)):
            return _constant(node.value)
        if isinstance(node, DurationLiteral):
            return _constant(Duration(node.nanoseconds))
        if isinstance(node, Regex):
            return _constant(_regex(node))
        if isinstance(node, Reference):
            return _reference(node.name)
        if isinstance(node, Unary):
            return self._unary(node)
        if isinstance(node, Binary):
            return self._binary(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, LambdaExpression):  # a variable that holds one
            return self._compile(node.body)
        raise TickError(
            f"{node.position}: {type(node).__name__} cannot stand in a lambda expression",
            *node.position,
        )

    def _part(self, node: Expression, what: str) -> Compiled:
        try:
            return self._compile(node)
        except TickError as error:
            raise explained(error, f"Failed to handle {what}") from None

    def _unary(self, node: Unary) -> Compiled:
        operand, kind = self._compile(node.operand)
        if node.operator == "!":
            return lambda scope, memory: _negated(operand(scope, memory), node.operand), bool
        return lambda scope, memory: _minus(operand(scope, memory)), kind

    def _binary(self, node: Binary) -> Compiled:
        name = node.operator
        table = OPERATORS.get(name)
        if table is None:
            raise TickError(f"{node.position}: unknown binary operator {name}", *node.position)
        left, left_type = self._part(node.left, "left node")
        right, right_type = self._part(node.right, "right node")
        known = left_type is not None and right_type is not None
        if known and (left_type, right_type) not in table:
            assert left_type is not None
            assert right_type is not None
            text = str(mismatch(name, left_type, right_type))
            raise TickError(f"{node.position}: {text}", *node.position)
        if name in ("AND", "OR"):
            return _logical(node, left, right), bool
        if name not in ("+", "-", "*", "/", "%"):
            return _compared(node, left, right), bool
        result = _result_type(name, left_type, right_type)
        return _applied(name, left, right), result

    def _call(self, node: Call) -> Compiled:
        name, position = node.name, node.position
        arguments = [
            self._part(argument, f"{number} argument")[0]
            for number, argument in enumerate(node.arguments, 1)
        ]
        if name == "now":
            if arguments:
                raise LateError(f"{position}: now expects exactly zero argument", *position)
            return lambda scope, memory: scope[_NOW], Moment
        if name in STATEFUL:
            return self._stateful_call(name, arguments), None
        if name in NOT_SIMULATED:
            raise NotSimulatedError(f"{position}: function {name}() is not simulated", *position)
        function = FUNCTIONS.get(name)
        if function is None:
            raise LateError(f'{position}: undefined function: "{name}"', *position)
        _check_count(name, function, len(arguments), position)
        return _called(name, function, arguments), None

    def _stateful_call(self, name: str, arguments: list[Evaluate]) -> Evaluate:
        kind = STATEFUL[name]
        slot = len(self._stateful)
        self._stateful.append(kind)
        function = Function(kind, kind.signatures)  # type: ignore[attr-defined]

        def call(scope: Scope, memory: Memory) -> Any:
            values = [argument(scope, memory) for argument in arguments]
            function.check(name, values)
            return memory[slot](*values)

        return call


def explained(error: TickError, failing: str) -> TickError:
    """Return a refusal with what Kapacitor says before its reason; others as they are."""
    if type(error) is not TickError:
        return error
    place = f"line {error.line} char {error.column}: "
    reason = str(error).removeprefix(place)
    return TickError(f"{place}{failing}: {reason}", error.line, error.column)


def _constant(value: Any) -> Compiled:
    return lambda scope, memory: value, type(value)


def _reference(name: str) -> Compiled:
    return lambda scope, memory: scope[name], None


def _regex(node: Regex) -> Any:
    try:
        return compile_regex(node.pattern)
    except ValueError as error:
        refused = go_refusal(node.pattern)
        kind = TickError if refused else NotSimulatedError
        raise kind(f"{node.position}: {error}", *node.position) from None


def _negated(value: Any, operand: Expression) -> bool:
    if value is MISSING and isinstance(operand, Reference):
        raise _absent("reference", operand)
    if type(value) is not bool:
        raise EvaluationError(f"invalid unary operator ! for type {type_name(value)}")
    return not value


def _minus(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        return -value
    if kind is int or kind is Duration:
        return kind(wrap(-int(value)))
    raise EvaluationError(f"invalid unary operator - for type {type_name(value)}")


def _applied(name: str, left: Evaluate, right: Evaluate) -> Evaluate:
    table = OPERATORS[name]

    def evaluate(scope: Scope, memory: Memory) -> Any:
        one, other = left(scope, memory), right(scope, memory)
        operation = table.get((type(one), type(other)))
        if operation is None:
            raise mismatch(name, type(one), type(other))
        return operation(one, other)

    return evaluate


def _compared(node: Binary, left: Evaluate, right: Evaluate) -> Evaluate:
    table = OPERATORS[node.operator]

    def evaluate(scope: Scope, memory: Memory) -> Any:
        one, other = left(scope, memory), right(scope, memory)
        operation = table.get((type(one), type(other)))
        if operation is None:
            raise _not_boolean(node, one, other)
        return operation(one, other)

    return evaluate


def _logical(node: Binary, left: Evaluate, right: Evaluate) -> Evaluate:
    """Return AND or OR: the right side is not looked at if the left one decides."""
    decisive = node.operator == "OR"

    def evaluate(scope: Scope, memory: Memory) -> bool:
        one = left(scope, memory)
        if type(one) is not bool:
            raise _not_boolean(node, one, True)
        if one is decisive:
            return decisive
        other = right(scope, memory)
        if type(other) is not bool:
            raise _not_boolean(node, True, other)
        return other

    return evaluate


def _not_boolean(node: Binary, left: Any, right: Any) -> EvaluationError:
    """Return the error of an operator that gives a bool, as determineError words it.

    Its type is known, so the operands are looked at only when it is evaluated, by their names.
    """
    for side, operand, value in (("left", node.left, left), ("right", node.right, right)):
        if value is MISSING and isinstance(operand, Reference):
            return _absent(f"{side} reference value", operand)
    return mismatch(node.operator, type(left), type(right))


def _absent(what: str, reference: Reference) -> EvaluationError:
    return EvaluationError(f'{what} "{reference.name}" is missing value')


def _called(name: str, function: Function, arguments: list[Evaluate]) -> Evaluate:
    check, apply, signatures = function.check, function.call, function.signatures
    if len(arguments) == 1 and signatures is not None:
        only, kinds = arguments[0], {signature[0] for signature in signatures if signature}

        def call_one(scope: Scope, memory: Memory) -> Any:
            value = only(scope, memory)
            if type(value) not in kinds:
                check(name, [value])
            return apply(value)

        return call_one

    def call(scope: Scope, memory: Memory) -> Any:
        values = [argument(scope, memory) for argument in arguments]
        check(name, values)
        return apply(*values)

    return call


def _check_count(name: str, function: Function, count: int, position: Position) -> None:
    """Refuse a wrong number of arguments before any point comes."""
    sizes = {"if": {3}, "isPresent": {1}}.get(name)
    if sizes is None:
        assert function.signatures is not None
        sizes = {len(signature) for signature in function.signatures}
    if count not in sizes:
        expected = " or ".join(str(size) for size in sorted(sizes))
        text = f"{name} expects {expected} argument{'' if expected == '1' else 's'}, got {count}"
        raise LateError(f"{position}: {text}", *position)


def _result_type(name: str, left: type | None, right: type | None) -> type | None:
    """Return the type of a calculation whose operands' types are known."""
    if left is None or right is None:
        return None
    if (left, right) == (Duration, Duration) and name == "/":
        return int
    return Duration if Duration in (left, right) else left


def _children(node: Expression) -> tuple[Expression, ...]:
    if isinstance(node, Unary):
        return (node.operand,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Call):
        return node.arguments
    return (node.body,) if isinstance(node, LambdaExpression) else ()


def references(node: Expression) -> Iterator[Reference]:
    """Yield the references in an expression, in order."""
    if isinstance(node, Reference):
        yield node
    for child in _children(node):
        yield from references(child)


def calls(node: Expression, name: str) -> bool:
    """Tell whether an expression calls a function anywhere."""
    here = isinstance(node, Call) and node.name == name
    return here or any(calls(child, name) for child in _children(node))
