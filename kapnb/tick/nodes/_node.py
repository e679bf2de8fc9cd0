"""Node: what runs one node of a task, in event time.

A subclass is one kind of node; ``kapnb.tick._catalogue`` names it beside the kind. It gets
points or batches from its parents and hands on what it makes of them at once, so that a task
runs depth first, in the order of its data. It knows no transport, no clock and no UDF.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from kapnb.errors import NotSimulatedError, TickError
from kapnb.model import Batch, Point
from kapnb.tick._ast import LambdaExpression, Position
from kapnb.tick._graph import Property, TaskNode
from kapnb.tick._lambdas import Lambda, explained
from kapnb.tick.nodes._records import NodeError, Record

__all__ = ["Node", "Run", "not_simulated"]


class Run(Protocol):
    """What the nodes of one run share; whoever runs a task provides it."""

    task_id: str

    def keep(self, record: Record) -> None:
        """Take what a node sent out."""
        ...

    def complain(self, error: NodeError) -> None:
        """Take what a node would have logged as an error."""
        ...


def not_simulated(what: str, position: Position, hint: str = "") -> NotSimulatedError:
    """Return the refusal of something that is valid but cannot be run here."""
    text = f"{position}: {what} is not simulated"
    return NotSimulatedError(f"{text}; {hint}" if hint else text, *position)


class Node:
    """One node of a task at work.

    Parameters
    ----------
    node : TaskNode
        What the script says of it.
    run : Run
        Where records and errors go.

    Raises
    ------
    TickError
        If the script uses a property that is not simulated, with its line.

    Attributes
    ----------
    children : list of Node
        Where its output goes, in the order of the script.
    """

    #: Properties that the node obeys.
    obeys: ClassVar[frozenset[str]] = frozenset()
    #: Properties that change nothing in a simulation: nothing is stored, sent or served.
    ignores: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, node: TaskNode, run: Run) -> None:
        self.node, self.run = node, run
        self.children: list[Node] = []
        for used in node.properties:
            self.check_property(used)
        self._quiet = self.flag("quiet")
        self.set_up()

    def check_property(self, used: Property) -> None:
        """Refuse a property that would change what comes out and is not simulated."""
        if not used.handler and used.name not in self.obeys | self.ignores | {"quiet"}:
            raise not_simulated(f"property .{used.name} of |{self.node.kind}", used.position)

    def set_up(self) -> None:
        """Read properties; called once. Override this, not ``__init__``."""

    # ---------------------------------------------------------------------- what comes

    def inlet(self, parent: int) -> Node:
        """Return what takes the output of the parent of that number: mostly the node itself."""
        return self

    def point(self, point: Point) -> None:
        """Take one point of a stream."""
        raise TickError(f"{self.node.id}: |{self.node.kind} does not support stream data")

    def batch(self, batch: Batch) -> None:
        """Take one batch."""
        raise TickError(f"{self.node.id}: |{self.node.kind} does not support batch data")

    def finish(self) -> None:
        """Take the end of the data; most nodes have nothing to say then."""

    # ---------------------------------------------------------------------- what goes

    def emit(self, point: Point) -> None:
        """Hand a point to all children."""
        for child in self.children:
            child.point(point)

    def emit_batch(self, batch: Batch) -> None:
        """Hand a batch to all children."""
        for child in self.children:
            child.batch(batch)

    def complain(self, text: str, item: Point | None = None) -> None:
        """Report what Kapacitor would log as an error of this node, unless it is ``.quiet``."""
        if not self._quiet:
            self.run.complain(NodeError(self.node.id, text, None if item is None else item.time))

    # ------------------------------------------------------------------- what is known

    def uses(self, name: str) -> list[Property]:
        """Return the uses of a property, in order; those of an alert's handlers are not its own."""
        return [used for used in self.node.uses(name) if not used.handler]

    def last(self, name: str, default: Any = None) -> Any:
        """Return the first argument of the last use of a property, or `default`."""
        uses = self.uses(name)
        return uses[-1].arguments[0] if uses and uses[-1].arguments else default

    def flag(self, name: str) -> bool:
        """Tell whether a property without arguments is used."""
        return bool(self.uses(name))

    def values(self, name: str) -> list[Any]:
        """Return all arguments of all uses of a property."""
        return [value for used in self.uses(name) for value in used.arguments]

    def pairs(self, name: str) -> dict[Any, Any]:
        """Return the uses of a property with two arguments as a dict."""
        return {used.arguments[0]: used.arguments[1] for used in self.uses(name)}

    def lambda_of(self, tree: Any, failing: str, position: Position | None = None) -> Lambda:
        """Compile an argument that must be a lambda expression.

        Parameters
        ----------
        tree : object
            The argument.
        failing : str
            What Kapacitor says before the reason if it cannot compile it.
        position : Position, optional
            Where the argument stands, if not the node.

        Raises
        ------
        TickError
            If it is none, or Kapacitor would not compile it.
        """
        if not isinstance(tree, LambdaExpression):
            place = position or self.node.position
            raise TickError(
                f"{place}: |{self.node.kind} expects a lambda expression, not {tree!r}", *place
            )
        try:
            return Lambda(tree)
        except TickError as error:
            raise explained(error, failing) from None
