"""A task: what a script builds when it is evaluated, a graph of nodes with their properties.

Kapacitor's words: a script *defines* a task; a chaining method (``|``, ``@``) adds a node, a
property method (``.``) sets something on it. Values are Python's: int, float, str, bool,
`Duration`; what has no such value keeps its tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kapnb.model import Duration, EdgeType
from kapnb.tick._ast import Position

__all__ = ["Property", "Remark", "Task", "TaskNode", "TimeDimension"]


@dataclass(frozen=True, slots=True)
class TimeDimension:
    """``time(length, offset)``, an argument of a query's ``groupBy``."""

    length: Duration
    offset: Duration


@dataclass(frozen=True, slots=True)
class Remark:
    """A place in a script that kapnb does not judge, and why."""

    position: Position
    text: str


@dataclass(frozen=True, slots=True)
class Property:
    """One use of a property method.

    Attributes
    ----------
    name : str
    arguments : tuple
        Evaluated: int, float, str, bool, Duration; `LambdaExpression`, `Regex`, `Star`,
        `Reference` as trees; a list literal is spread, as Kapacitor does.
    position : Position
        Of the name.
    handler : str
        The handler of an alert it is set on: ``mqtt`` for the topic in
        ``.mqtt('a').topic('b')``; empty if it is the node's own.
    """

    name: str
    arguments: tuple[Any, ...]
    position: Position
    handler: str = ""


@dataclass(eq=False, slots=True)
class TaskNode:
    """One node.

    Attributes
    ----------
    kind : str
        The chaining method as the script writes it: ``window``; of a UDF its name.
    id : str
        Kapacitor's: a stem and a number in the order of creation, such as ``http_out3``. Linking
        to one more parent takes one more number.
    is_udf : bool
        Whether it was added with ``@``.
    provides : EdgeType
        What flows out of it.
    arguments : tuple
        Of the chaining method, evaluated as those of a `Property`; nodes as `TaskNode`.
    properties : list of Property
        In the order of the script.
    parents, children : list of TaskNode
    position : Position
        Of the name.
    """

    kind: str
    id: str
    is_udf: bool
    provides: EdgeType
    arguments: tuple[Any, ...]
    position: Position
    wants: EdgeType | None = None
    properties: list[Property] = field(default_factory=list)
    parents: list[TaskNode] = field(default_factory=list)
    children: list[TaskNode] = field(default_factory=list)

    def __repr__(self) -> str:
        # Not its neighbours: each would show its own in turn.
        return f"TaskNode({self.id})"

    def uses(self, name: str) -> list[Property]:
        """Return the uses of a property, in order."""
        return [used for used in self.properties if used.name == name]

    def last(self, name: str, default: Any = None) -> Any:
        """Return the first argument of the last use of a property, or `default`.

        A property without arguments, a flag, gives True.
        """
        uses = self.uses(name)
        if not uses:
            return default
        return uses[-1].arguments[0] if uses[-1].arguments else True


@dataclass(eq=False, slots=True)
class Task:
    """What a script defines.

    Attributes
    ----------
    edge : EdgeType
        STREAM if it starts from ``stream``, BATCH if from ``batch``.
    nodes : list of TaskNode
        In the order of their creation; the first is the source, ``stream0`` or ``batch0``.
    dbrps : list of tuple
        Database and retention policy of each ``dbrp`` statement.
    unchecked : list of Remark
        What was taken for right without being looked into.
    """

    edge: EdgeType
    nodes: list[TaskNode]
    dbrps: list[tuple[str, str]] = field(default_factory=list)
    unchecked: list[Remark] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Task({self.edge.name}, {', '.join(node.id for node in self.nodes)})"

    @property
    def source(self) -> TaskNode:
        """The node everything hangs on."""
        return self.nodes[0]

    @property
    def udfs(self) -> list[TaskNode]:
        """The nodes that are UDFs, in the order of their creation."""
        return [node for node in self.nodes if node.is_udf]

    def called(self, node: TaskNode) -> str:
        """Return the chaining method that created a node: ``deadman`` is short for several."""
        kinds = [other.kind for other in self.nodes if other.position == node.position]
        return "deadman" if {"stats", "derivative"} <= set(kinds) else kinds[0]

    def walk(self) -> list[TaskNode]:
        """Return the nodes, parents before children, in the order in which Kapacitor starts them.

        Of the children of a node, the last comes first.
        """
        ordered: list[TaskNode] = []
        seen: set[TaskNode] = set()

        def visit(node: TaskNode) -> None:
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                ordered.append(node)

        for node in reversed(self.nodes):
            if not node.parents:
                visit(node)
        return ordered[::-1]
