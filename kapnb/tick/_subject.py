"""What a lint looks at, and what it finds: a script with all that is known around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kapnb.errors import TickError
from kapnb.handler import Handler
from kapnb.model import InfoResponse
from kapnb.tick._ast import (
    Call,
    Chain,
    Declaration,
    Expression,
    Identifier,
    LambdaExpression,
    Position,
    Program,
)
from kapnb.tick._graph import Task, TaskNode
from kapnb.tick._schema import Schema
from kapnb.tick._walk import chains

__all__ = ["Found", "Lint", "Subject", "UdfUse", "error_position", "lambdas_of"]


@dataclass(frozen=True, slots=True)
class Lint:
    """One thing that is hardly meant.

    Attributes
    ----------
    code : str
        Such as ``KT102``; `docs/tickscript.md` lists them.
    position : Position
    text : str
        What is wrong.
    remedy : str
        What to write instead.
    """

    code: str
    position: Position
    text: str
    remedy: str


#: A place, what is wrong there, and what to do.
Found = tuple[Position, str, str]


@dataclass(frozen=True, slots=True)
class UdfUse:
    """One ``@name(…)`` of a script, and the properties that follow it."""

    call: Call
    options: list[Call]


@dataclass(frozen=True)
class Subject:
    """A script with what is known around it.

    Attributes
    ----------
    program : Program
    udfs : mapping of str to InfoResponse or subclass of Handler
    infos : mapping of str to InfoResponse
    task : Task or None
        None if the script cannot be defined.
    schema : mapping of str to Measurement, or None
    hindrances : sequence of TickError
        What came of trying to make the nodes that run.
    """

    program: Program
    udfs: Mapping[str, InfoResponse | type[Handler]]
    infos: Mapping[str, InfoResponse]
    task: Task | None = None
    schema: Schema | None = None
    hindrances: Sequence[TickError] = ()
    links: list[list[Chain]] = field(init=False)
    constants: dict[str, Expression] = field(init=False)

    def __post_init__(self) -> None:
        values = {
            statement.name: statement.value
            for statement in self.program.statements
            if isinstance(statement, Declaration)
        }
        object.__setattr__(self, "constants", values)
        found = [links for _, links in chains(self.program.statements)]
        object.__setattr__(self, "links", found)

    def uses(self) -> Iterator[UdfUse]:
        """Yield the uses of UDFs, in the order of the script."""
        for links in self.links:
            use: UdfUse | None = None
            for link in links:
                if link.operator == "." and use and isinstance(link.call, Call):
                    use.options.append(link.call)
                elif link.operator != ".":
                    if use:
                        yield use
                    use = None
                    if link.operator == "@" and isinstance(link.call, Call):
                        use = UdfUse(link.call, [])
            if use:
                yield use

    def declared(self, name: str) -> type[Handler] | None:
        """Return the Handler of a UDF, where it is known and declares its options."""
        udf = self.udfs.get(name)
        return udf if isinstance(udf, type) else None

    def meant(self, argument: Expression) -> Expression:
        """Return an argument, or the literal that it is a variable for."""
        if isinstance(argument, Identifier):
            return self.constants.get(argument.name, argument)
        return argument

    def nodes(self, kind: str) -> Iterator[TaskNode]:
        """Yield the nodes of a kind, if the script can be defined."""
        for node in self.task.nodes if self.task else ():
            if node.kind == kind and not node.is_udf:
                yield node


def error_position(error: TickError) -> Position | None:
    """Return the place of an error, if it has one."""
    return Position(error.line, error.column) if error.line and error.column else None


def lambdas_of(node: TaskNode) -> Iterator[LambdaExpression]:
    """Yield the expressions among a node's arguments and properties."""
    for arguments in (node.arguments, *(used.arguments for used in node.properties)):
        yield from (value for value in arguments if isinstance(value, LambdaExpression))
