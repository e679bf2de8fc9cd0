"""A script's tree to the task it defines: variables, values, nodes and their properties.

The order of things is that of tick/eval.go, since ids count nodes as they are created: what
stands left of an operator, then its arguments, then the call. Nothing runs here, and edges are
checked elsewhere: Kapacitor does so only when it starts a task.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from kapnb.errors import TickError
from kapnb.model import BATCH, STREAM, Duration, EdgeType, InfoResponse
from kapnb.tick._ast import (
    Binary,
    Boolean,
    Call,
    Chain,
    Dbrp,
    Declaration,
    DurationLiteral,
    Expression,
    Float,
    Identifier,
    Integer,
    LambdaExpression,
    ListLiteral,
    Position,
    Program,
    Statement,
    String,
    TypeDeclaration,
    Unary,
)
from kapnb.tick._builder import Builder
from kapnb.tick._catalogue import Signature
from kapnb.tick._fold import fold, negate
from kapnb.tick._graph import Remark, Task, TimeDimension
from kapnb.tick._parser import parse
from kapnb.tick._validate import validate
from kapnb.tick._values import NodeObject, Unknown, call_fault, go_type, literal_of, var_type

__all__ = ["evaluate", "source_edge"]

_VAR_TYPES = ("int", "float", "bool", "string", "regex", "duration", "lambda", "list", "star")
_TIME = Signature(("time.Duration", "...time.Duration"))


def evaluate(
    script: str | Program,
    udfs: Mapping[str, InfoResponse] | None = None,
    *,
    variables: Mapping[str, Any] | None = None,
    edge: EdgeType | None = None,
) -> Task:
    """Return the task that a script defines.

    Parameters
    ----------
    script : str or Program
        Its text, or its tree.
    udfs : mapping of str to InfoResponse, optional
        What each UDF declares, by its name in the script.
    variables : mapping, optional
        Values of variables, as those of a vars file: int, float, bool, str, `Duration`, a list,
        or the tree of a regex, a lambda or a star.
    edge : EdgeType, optional
        Whether it is a stream or a batch task; by default what the script starts from.

    Raises
    ------
    TickError
        In the words of ``kapacitor define``.

    Examples
    --------
    >>> task = evaluate("stream|from().measurement('cpu')|window().period(10s).every(10s)")
    >>> [node.id for node in task.nodes]
    ['stream0', 'from1', 'window2']
    """
    program = parse(script) if isinstance(script, str) else script
    edge = edge or source_edge(program)
    try:
        return _Evaluation(udfs or {}, variables or {}, edge).run(program)
    except RecursionError:
        raise TickError("the script is nested too deeply to be evaluated") from None


def source_edge(program: Program) -> EdgeType:
    """Tell which kind of task a script is: BATCH if the first source it names is ``batch``."""
    for statement in program.statements:
        tree: Any = statement.value if isinstance(statement, Declaration) else statement
        while isinstance(tree, Chain):
            tree = tree.left
        if isinstance(tree, Identifier) and tree.name in ("stream", "batch"):
            return BATCH if tree.name == "batch" else STREAM
    return STREAM


class _Evaluation:
    """One evaluation of one script: its scope, and the task as far as it is built."""

    def __init__(
        self, udfs: Mapping[str, InfoResponse], given: Mapping[str, Any], edge: EdgeType
    ) -> None:
        self._given = given
        self._builder = Builder(udfs, edge)
        self._time = object()  # a function, which nothing but a call can use
        source = self._builder.source
        self._scope: dict[str, Any] = {source.node.kind: source, "time": self._time}

    def run(self, program: Program) -> Task:
        """Evaluate all statements, then let Kapacitor's nodes look at themselves."""
        task = self._builder.task
        for statement in program.statements:
            self._statement(statement)
        for node in task.walk():
            fault = validate(node)
            if fault:
                raise TickError(fault, *node.position)
        if len(task.nodes) <= 1:
            raise TickError("task does nothing")
        return task

    # -------------------------------------------------------------------- statements

    def _statement(self, statement: Statement) -> None:
        if isinstance(statement, Declaration):
            self._declare(statement)
        elif isinstance(statement, TypeDeclaration):
            self._declare_type(statement)
        elif isinstance(statement, Dbrp):
            self._builder.task.dbrps.append((statement.database, statement.retention_policy))
        elif not isinstance(statement, Identifier):  # a name alone is not even looked up
            self._value(statement)

    def _declare(self, statement: Declaration) -> None:
        name, position = statement.name, statement.position
        value = self._value(statement.value)
        if name in self._scope:
            raise TickError(f"attempted to redefine {name}, vars are immutable", *position)
        if name in self._given:
            known = not isinstance(value, Unknown)
            wanted = var_type(value if known else self._given[name])
            value = self._given_value(name, wanted, position)
        self._scope[name] = value

    def _declare_type(self, statement: TypeDeclaration) -> None:
        name, position = statement.name, statement.position
        if statement.type not in _VAR_TYPES:
            raise TickError(f'invalid var type "{statement.type}"', *position)
        if name not in self._given:
            raise TickError(f'missing value for var "{name}".', *position)
        wanted = "boolean" if statement.type == "bool" else statement.type
        self._scope[name] = self._given_value(name, wanted, position)

    def _given_value(self, name: str, wanted: str, position: Position) -> Any:
        value = self._given[name]
        if var_type(value) != wanted:
            raise TickError(
                f"invalid type supplied for {name}, got {var_type(value)} exp {wanted}", *position
            )
        return list(value) if isinstance(value, tuple) else value

    # ------------------------------------------------------------------------ values

    def _value(self, tree: Expression) -> Any:
        """Return a value: Python's, a tree that is one, or a NodeObject."""
        if isinstance(tree, Chain):
            return self._chain(tree)
        if isinstance(tree, Identifier):
            return self._lookup(tree)
        if isinstance(tree, Binary):
            return self._folded(tree)
        if isinstance(tree, Unary):
            return negate(tree.operator, self._value(tree.operand), tree.position)
        if isinstance(tree, LambdaExpression):
            return dataclasses.replace(tree, body=self._resolved(tree.body))
        if isinstance(tree, ListLiteral):
            return [self._value(item) for item in tree.items]
        if isinstance(tree, Call):
            return self._global_call(tree)
        if isinstance(tree, Integer | Float | Boolean | String):
            return tree.value
        if isinstance(tree, DurationLiteral):
            return Duration(tree.nanoseconds)
        return tree

    def _folded(self, tree: Binary) -> Any:
        value = fold(self._resolved(tree))
        if isinstance(value, Unknown):
            remark = Remark(tree.position, "the value of this expression is not computed")
            self._builder.task.unchecked.append(remark)
        return value

    def _lookup(self, name: Identifier) -> Any:
        try:
            return self._scope[name.name]
        except KeyError:
            known = ",".join(sorted(self._scope))
            raise TickError(
                f'name "{name.name}" is undefined. Names in scope: {known}', *name.position
            ) from None

    def _resolved(self, tree: Any) -> Any:
        """Return an expression with the values of variables in place of their names."""
        if isinstance(tree, Identifier):
            try:
                return literal_of(self._lookup(tree), tree.position)
            except ValueError as error:
                raise TickError(str(error), *tree.position) from None
        if isinstance(tree, Unary):
            return dataclasses.replace(tree, operand=self._resolved(tree.operand))
        if isinstance(tree, Binary):
            left, right = self._resolved(tree.left), self._resolved(tree.right)
            return dataclasses.replace(tree, left=left, right=right)
        if isinstance(tree, Call):
            arguments = tuple(self._resolved(argument) for argument in tree.arguments)
            return dataclasses.replace(tree, arguments=arguments)
        return tree

    def _arguments(self, call: Call) -> list[Any]:
        values = [self._value(argument) for argument in call.arguments]
        return values[0] if len(values) == 1 and isinstance(values[0], list) else values

    def _global_call(self, call: Call) -> Any:
        arguments = self._arguments(call)
        if call.name not in self._scope:
            raise TickError(
                f'{call.position}: no global function "{call.name}" defined', *call.position
            )
        if self._scope[call.name] is not self._time:
            return Unknown()
        fault = call_fault(_TIME, arguments)
        if not fault and len(arguments) > 2:
            fault = f"time() function expects 1 or 2 args, got {len(arguments)}"
        if fault:
            raise TickError(
                f'{call.position}: error calling func "time" on obj <nil>: {fault}', *call.position
            )
        length, offset = (*arguments, Duration(0))[:2]
        return TimeDimension(length, offset)

    def _chain(self, tree: Chain) -> Any:
        links: list[Chain] = []
        start: Expression = tree
        while isinstance(start, Chain):  # as many links as a script has lines: no recursion
            links.append(start)
            start = start.left
        value = self._value(start)
        for link in reversed(links):
            value = self._link(value, link)
        return value

    def _link(self, left: Any, link: Chain) -> Any:
        right = link.call
        if isinstance(left, Unknown):
            return left
        if isinstance(right, Identifier):
            return self._builder.read(self._object(left, link.position), right, link.position)
        arguments = self._arguments(right)
        target = self._object(left, right.position)
        if link.operator == ".":
            return self._builder.set_property(target, right, arguments)
        if link.operator == "|":
            return self._builder.chain(target, right, arguments)
        return self._builder.add_udf(target, right, arguments)

    def _object(self, value: Any, position: Position) -> NodeObject:
        if isinstance(value, NodeObject):
            return value
        what = (
            "properties of non struct"
            if go_type(value)[0] == "*"
            else ("properties of non pointer value")
        )
        raise TickError(f"{position}: cannot get {what}", *position)
