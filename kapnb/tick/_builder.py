"""Nodes and their properties, as Kapacitor's reflection makes them of calls.

What a method may be called on, with what, and the texts if it may not, are those of tick/eval.go
and pipeline/udf.go. Knows the table of nodes; knows no script and no variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from kapnb.errors import TickError
from kapnb.model import BATCH, STREAM, EdgeType, InfoResponse
from kapnb.tick._ast import Binary, Call, Float, Identifier, LambdaExpression, Position, Reference
from kapnb.tick._catalogue import (
    ALERT_OBJECTS,
    CATALOGUE,
    HANDLER_PROPERTIES,
    SOURCES,
    UDF,
    NodeType,
    Signature,
    canonical,
)
from kapnb.tick._graph import Property, Remark, Task, TaskNode
from kapnb.tick._options import option_value
from kapnb.tick._values import NodeObject, Unknown, call_fault, unwrap

__all__ = ["Builder"]

_DEADMAN = Signature.parse("(float64, time.Duration, ...*ast.LambdaNode)")
# Go methods of every node: no script needs them, but Kapacitor hints at them.
_GO_METHODS = {
    *("chainMethods", "children", "desc", "isQuiet", "name"),
    *("parents", "provides", "setName", "wants"),
}


class Builder:
    """A task under construction.

    Parameters
    ----------
    udfs : mapping of str to InfoResponse
    edge : EdgeType
    """

    def __init__(self, udfs: Mapping[str, InfoResponse], edge: EdgeType) -> None:
        self._udfs = udfs
        self._links = 0
        name = "stream" if edge is STREAM else "batch"
        kind = SOURCES[name]
        node = TaskNode(name, f"{name}0", False, edge, (), Position(0, 0), kind.wants)
        self._links = 1
        self.task = Task(edge, [node])
        self.source = NodeObject(node, kind.object)

    # ------------------------------------------------------------------------- calls

    def chain(self, target: NodeObject, call: Call, arguments: list[Any]) -> Any:
        """Do ``target|call``."""
        name = canonical(call.name)
        if name == "deadman":
            self._check(target, call, _DEADMAN, arguments)
            return self._deadman(target.node, call, arguments)
        if name in CATALOGUE and self._has_chain(target.node, name):
            kind = CATALOGUE[name]
            self._check(target, call, kind.takes, arguments)
            self._check_edge(target, call, arguments)
            return self._add(kind, target.node, call, arguments)
        if name in _GO_METHODS:
            return self._unknown(call.position, f"|{name}() gives what no script needs")
        if self._has_property(target, call.name):
            raise _hinted(target, call, "chaining", "property", ".")
        if call.name in self._udfs:
            raise _hinted(target, call, "chaining", "dynamic method", "@")
        chains = (known for known in CATALOGUE if self._has_chain(target.node, known))
        raise _unknown(target, call, "|", chains)

    def add_udf(self, target: NodeObject, call: Call, arguments: list[Any]) -> NodeObject:
        """Do ``target@call``; Kapacitor ignores the arguments."""
        info = self._udfs.get(call.name)
        if info is not None:
            node = self._create(
                call.name, call.name, call.position, info.wants, info.provides, arguments
            )
            node.is_udf = True
            self._link(target.node, node)
            return NodeObject(node, UDF.object)
        if self._has_property(target, call.name):
            raise _hinted(target, call, "dynamic", "property", ".")
        if self._has_chain(target.node, canonical(call.name)):
            raise _hinted(target, call, "dynamic", "chaining method", "|")
        raise _unknown(target, call, "@", self._udfs)

    def set_property(self, target: NodeObject, call: Call, arguments: list[Any]) -> NodeObject:
        """Do ``target.call`` and return what further properties are set on."""
        node = target.node
        if node.is_udf and call.name in self._udfs[node.kind].options:
            self._check_option(node.kind, call, arguments)
            return self._record(target, call.name, call, arguments)
        name = canonical(call.name)
        signature = target.object.properties.get(name)
        if signature is not None:
            if signature.is_field and len(arguments) != 1:
                raise _error(
                    call,
                    f"too many arguments to set property {name[:1].upper()}{name[1:]}"
                    f" on *pipeline.{target.object.go}",
                )
            self._check(target, call, signature, arguments)
            return self._record(target, name, call, arguments, signature.gives)
        if self._has_chain(node, name) or name in _GO_METHODS:
            raise _hinted(target, call, "property", "chaining method", "|")
        if call.name in self._udfs:
            raise _hinted(target, call, "property", "dynamic method", "@")
        if target.object.is_open:
            self._unknown(call.position, f".{name} of {target.object.go} is not known to kapnb")
            return self._record(target, name, call, arguments)
        options = self._udfs[node.kind].options if node.is_udf else ()
        raise _unknown(target, call, ".", (*target.object.properties, *options))

    def read(self, target: NodeObject, name: Identifier, position: Position) -> Unknown:
        """Do ``target.name``, without parentheses; what it gives is not computed."""
        if not self._has_property(target, name.name) and not target.object.is_open:
            raise TickError(
                f"{position}: object *pipeline.{target.object.go} has no property {name.name}",
                *position,
            )
        return self._unknown(position, f"the value of .{name.name} is not known to kapnb")

    def _unknown(self, position: Position, why: str) -> Unknown:
        """Note what is taken for right, and return a value that fits everywhere."""
        self.task.unchecked.append(Remark(position, why))
        return Unknown()

    # ------------------------------------------------------------------------ checks

    def _has_chain(self, node: TaskNode, name: str) -> bool:
        if name in ("stats", "deadman"):
            return True
        row = CATALOGUE.get(name)
        if row is None:
            return False
        if row.parent:
            return not node.is_udf and (node.kind == row.parent or node.kind == name == "from")
        kind = CATALOGUE.get(node.kind)
        return node.is_udf or (kind is not None and not kind.is_sink)

    def _has_property(self, target: NodeObject, name: str) -> bool:
        node = target.node
        if node.is_udf and name in self._udfs[node.kind].options:
            return True
        return canonical(name) in target.object.properties

    def _check(
        self, target: NodeObject, call: Call, signature: Signature, arguments: list[Any]
    ) -> None:
        fault = call_fault(signature, arguments)
        if fault and "*ast.ReferenceNode" in fault and "type string" in fault:
            raise _error(
                call,
                "cannot assign *ast.ReferenceNode to type string, did you use double quotes "
                "instead of single quotes?",
            )
        if fault:
            raise _failed(target, call, fault)

    def _check_edge(self, target: NodeObject, call: Call, arguments: list[Any]) -> None:
        """Refuse what the Go constructors of two nodes refuse."""
        name = canonical(call.name)
        if name == "window" and target.node.provides is BATCH:
            raise _failed(target, call, "cannot Window batch edge")
        if name == "sample" and not (
            isinstance(arguments[0], int | Unknown) and not isinstance(arguments[0], bool)
        ):
            raise _failed(target, call, "must pass int64 or duration to new sample node")

    def _check_option(self, udf: str, call: Call, arguments: list[Any]) -> None:
        types = self._udfs[udf].options[call.name]
        if len(arguments) != len(types):
            raise _error(
                call,
                f"unexpected number of args to {call.name}, "
                f"got {len(arguments)} expected {len(types)}",
            )
        for value, expected in zip(arguments, types, strict=True):
            given = option_value(value).type
            if given is not expected and not isinstance(value, Unknown):
                raise _error(
                    call,
                    f"unexpected arg to {call.name}, got {given.name} expected {expected.name}",
                )

    # ------------------------------------------------------------------------- nodes

    def _create(
        self,
        kind: str,
        stem: str,
        position: Position,
        wants: EdgeType | None,
        provides: EdgeType,
        arguments: list[Any],
    ) -> TaskNode:
        kept = tuple(unwrap(argument) for argument in arguments)
        node = TaskNode(kind, stem, False, provides, kept, position, wants)
        self.task.nodes.append(node)
        return node

    def _number(self, node: TaskNode) -> None:
        """Give a node the next number: Kapacitor does at each link, and the last one stays."""
        node.id = f"{_stem(node)}{self._links}"
        self._links += 1

    def _link(self, parent: TaskNode, child: TaskNode) -> None:
        self._number(child)
        parent.children.append(child)
        child.parents.append(parent)

    def _add(
        self, kind: NodeType, parent: TaskNode, call: Call, arguments: list[Any]
    ) -> NodeObject:
        if kind.name == "stats":
            return self._stats(kind, parent, call, arguments)
        wants = kind.wants or parent.provides
        node = self._create(
            kind.name, kind.stem, call.position, wants, kind.provides or wants, arguments
        )
        others = [value.node for value in arguments if isinstance(value, NodeObject)]
        # As Kapacitor does: a union's own parent comes last, a join's first.
        for linked in [*others, parent] if kind.name == "union" else [parent, *others]:
            self._link(linked, node)
        return NodeObject(node, kind.object)

    def _stats(
        self, kind: NodeType, watched: TaskNode, call: Call, arguments: list[Any]
    ) -> NodeObject:
        """Add a source of its own, and somewhere for the watched node to send its data."""
        node = self._create("stats", kind.stem, call.position, STREAM, STREAM, arguments)
        self._number(node)
        if not watched.children:
            self._add(CATALOGUE["noOp"], watched, call, [])
        return NodeObject(node, kind.object)

    def _deadman(self, watched: TaskNode, call: Call, arguments: list[Any]) -> NodeObject:
        """Add the three nodes for which ``|deadman`` is short."""
        threshold, interval, *also = arguments
        at = call.position
        stats = self._stats(CATALOGUE["stats"], watched, call, [interval])
        stats.node.properties.append(Property("align", (), at))
        derivative = self._add(CATALOGUE["derivative"], stats.node, call, ["emitted"])
        derivative.node.properties += [
            Property("nonNegative", (), at),
            Property("unit", (interval,), at),
        ]
        alert = self._add(CATALOGUE["alert"], derivative.node, call, [])
        if isinstance(threshold, float):
            condition: Any = Binary("<=", Reference("emitted"), Float(threshold))
            for expression in also:
                if isinstance(expression, LambdaExpression):
                    condition = Binary("AND", condition, expression.body)
            alert.node.properties.append(Property("crit", (LambdaExpression(condition),), at))
        return alert

    def _record(
        self,
        target: NodeObject,
        name: str,
        call: Call,
        arguments: list[Any],
        gives: str = "",
    ) -> NodeObject:
        """Note a use of a property, and return the object that it gives."""
        handler = gives if gives in HANDLER_PROPERTIES else target.handler
        own = name in HANDLER_PROPERTIES.get(target.handler, ()) or (
            target.object.is_open and name not in target.object.properties
        )
        kept = tuple(unwrap(argument) for argument in arguments)
        of = target.handler if own else ""
        target.node.properties.append(Property(name, kept, call.position, of))
        if not gives:
            return target
        return NodeObject(target.node, ALERT_OBJECTS[gives], handler if handler == gives else "")


def _stem(node: TaskNode) -> str:
    return node.kind if node.is_udf or node.kind not in CATALOGUE else CATALOGUE[node.kind].stem


def _error(call: Call, text: str) -> TickError:
    return TickError(f"{call.position}: {text}", *call.position)


def _failed(target: NodeObject, call: Call, panic: str) -> TickError:
    return _error(
        call, f'error calling func "{call.name}" on obj *pipeline.{target.object.go}: {panic}'
    )


def _unknown(target: NodeObject, call: Call, operator: str, known: Iterable[str]) -> TickError:
    """Return the error for a name that is not there; a note has what is: the text is not ours."""
    error = _error(call, f'no method or property "{call.name}" on *pipeline.{target.object.go}')
    for near in get_close_matches(call.name, known, 1):
        error.add_note(f"did you mean {operator}{near}?")
    return error


def _hinted(target: NodeObject, call: Call, asked: str, found: str, operator: str) -> TickError:
    """Return the error for a name that exists, but behind another operator."""
    kind = asked if asked in ("chaining", "dynamic") else "property"
    return _error(
        call,
        f'no {kind} method "{call.name}" on *pipeline.{target.object.go}, but {found} does exist. '
        f"Use '{operator}' operator instead: 'node{operator}{call.name}(..)'.",
    )
