"""The tree of a TICKscript: what the parser makes and everything else reads.

The kinds of node are Kapacitor's (tick/ast). Nothing here evaluates, checks or renders; a
node knows what was written, and where. Positions take no part in comparisons, so that a script
equals its own rendering.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = [
    "Binary",
    "Boolean",
    "Call",
    "Chain",
    "Comment",
    "Dbrp",
    "Declaration",
    "DurationLiteral",
    "Expression",
    "Float",
    "Identifier",
    "Integer",
    "LambdaExpression",
    "ListLiteral",
    "Position",
    "Program",
    "Reference",
    "Regex",
    "Star",
    "Statement",
    "String",
    "TypeDeclaration",
    "Unary",
]


class Position(NamedTuple):
    """A place in a script: line and character, both from 1, as Kapacitor's messages count."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line} char {self.column}"


_NOWHERE = Position(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """What all nodes have: a place, and the comment lines that stand before them."""

    position: Position = field(default=_NOWHERE, compare=False)
    comment: Comment | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """Lines of a comment, without the slashes."""

    lines: tuple[str, ...]


# ------------------------------------------------------------------------- literals


@dataclass(frozen=True, slots=True)
class Integer(_Node):
    """A whole number; `base` is 8 if it was written with a leading zero."""

    value: int
    base: int = 10


@dataclass(frozen=True, slots=True)
class Float(_Node):
    """A number with a dot."""

    value: float


@dataclass(frozen=True, slots=True)
class DurationLiteral(_Node):
    """A duration in nanoseconds, and as it was written, such as ``10s``."""

    nanoseconds: int
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Boolean(_Node):
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class String(_Node):
    """A string, unescaped; `triple` if it stood in three quotes."""

    value: str
    triple: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Regex(_Node):
    r"""A regular expression between slashes, in Go's syntax, with ``\\/`` unescaped."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Star(_Node):
    """The ``*`` of ``groupBy(*)``."""


@dataclass(frozen=True, slots=True)
class Reference(_Node):
    """A name in double quotes: a field or a tag."""

    name: str


@dataclass(frozen=True, slots=True)
class ListLiteral(_Node):
    """``[…]`` of identifiers, strings and stars."""

    items: tuple[Expression, ...]


# ---------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Identifier(_Node):
    """A bare name: a variable, ``stream`` or ``batch``."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(_Node):
    """``-x`` or ``!x``."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(_Node):
    """Two operands; the operator is kept as it is written: ``+``, ``==``, ``AND``, ``=~``."""

    operator: str
    left: Expression
    right: Expression
    parenthesised: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class LambdaExpression(_Node):
    """``lambda: …``; its body is a tree of the same kinds."""

    body: Expression


@dataclass(frozen=True, slots=True)
class Call(_Node):
    """A name with arguments: a function of a lambda, or what follows ``|``, ``.``, ``@``.

    Its position is that of the name.
    """

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Chain(_Node):
    """``left|call``, ``left.call`` or ``left@call``; ``left.name`` reads a property.

    Its position is that of the operator.
    """

    left: Expression
    operator: str
    call: Call | Identifier


Expression = (
    Integer
    | Float
    | DurationLiteral
    | Boolean
    | String
    | Regex
    | Star
    | Reference
    | ListLiteral
    | Identifier
    | Unary
    | Binary
    | LambdaExpression
    | Call
    | Chain
)


# ----------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Declaration(_Node):
    """``var name = value``."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class TypeDeclaration(_Node):
    """``var name type``: whoever starts the task must give the value."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Dbrp(_Node):
    """``dbrp "database"."retention policy"``."""

    database: str
    retention_policy: str


Statement = Declaration | TypeDeclaration | Dbrp | Expression


@dataclass(frozen=True, slots=True)
class Program(_Node):
    """A whole script, and the comment at its end, if any."""

    statements: tuple[Statement, ...]
    closing_comment: Comment | None = None
