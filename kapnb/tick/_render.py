"""A tree back to text, in the style of Kapacitor's own formatter, tickfmt.

Parsing what is rendered gives the tree again, comments included. Where the written text broke a
line between operands or arguments, so does the rendering.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kapnb.model import Duration
from kapnb.tick._ast import (
    Binary,
    Boolean,
    Call,
    Chain,
    Comment,
    Dbrp,
    Declaration,
    DurationLiteral,
    Expression,
    Float,
    Identifier,
    Integer,
    LambdaExpression,
    ListLiteral,
    Program,
    Reference,
    Regex,
    Star,
    String,
    TypeDeclaration,
    Unary,
)
from kapnb.tick._parser import PRECEDENCE

__all__ = ["render"]

_STEP = "    "
_BARE = (Regex, Star)


def render(tree: Program | Expression | Declaration | TypeDeclaration | Dbrp) -> str:
    """Return the text of a script, or of a part of one.

    Raises
    ------
    ValueError
        If a literal cannot be written, such as a reference that ends with a backslash.

    Examples
    --------
    >>> from kapnb.tick import parse
    >>> print(render(parse("stream|from().measurement('cpu')@mean().size(3)")))
    stream
        |from()
            .measurement('cpu')
        @mean()
            .size(3)
    <BLANKLINE>
    """
    if not isinstance(tree, Program):
        return _node(tree, "", fresh=True)
    parts = [f"{_node(statement, '', fresh=True)}\n" for statement in tree.statements]
    if tree.closing_comment:
        parts.append(_comment(tree.closing_comment, ""))
    return "\n".join(parts)


def _comment(comment: Comment, indent: str) -> str:
    """Return whole lines."""
    return "".join(
        "\n" if line == "\n" else f"{indent}{f'// {line}' if line else '//'}\n"
        for line in comment.lines
    )


def _node(tree: Any, indent: str, *, fresh: bool) -> str:
    """Return the text of a node, with its comment.

    `fresh` says that nothing stands on the line yet, so that indentation is due.
    """
    if isinstance(tree, Chain):
        return _chain(tree, indent, fresh=fresh)
    if isinstance(tree, Binary) and not tree.parenthesised:
        return _operation(tree, indent, fresh=fresh)
    before = ""
    if tree.comment and not isinstance(tree, Binary):  # its comment stands before the operator
        before = ("" if fresh else "\n") + _comment(tree.comment, indent)
        # A line that begins with a slash would go on with the comment.
        before += "\n" if isinstance(tree, Regex) else ""
        fresh = True
    return before + (indent if fresh else "") + _WRITERS[type(tree)](tree, indent)


def _plain(tree: Any, indent: str) -> str:
    return _node(tree, indent, fresh=False)


# -------------------------------------------------------------------------- literals


def _integer(tree: Integer, indent: str) -> str:
    return f"0{tree.value:o}" if tree.base == 8 else str(tree.value)


def _float(tree: Float, indent: str) -> str:
    if not math.isfinite(tree.value):
        raise ValueError(f"a float literal cannot be {tree.value}")
    text = format(Decimal(repr(tree.value)), "f")
    return text if "." in text else f"{text}.0"


def _duration(tree: DurationLiteral, indent: str) -> str:
    return tree.text or str(Duration(tree.nanoseconds))


def _boolean(tree: Boolean, indent: str) -> str:
    return str(tree.value).upper()


def _string(tree: String, indent: str) -> str:
    value = tree.value
    single = not value.endswith("\\")
    # After two quotes of three, Kapacitor reads a backslash as it does in a single-quoted string.
    triple = not value.endswith("'") and "'''" not in value and "''\\" not in value
    if triple and (tree.triple or not single):
        return f"'''{value}'''"
    if single:
        return "'{}'".format(value.replace("'", "\\'"))
    raise ValueError(f"no string literal can be {value!r}: it ends with a backslash")


def _reference(tree: Reference, indent: str) -> str:
    if tree.name.endswith("\\"):
        raise ValueError(f"no reference can be {tree.name!r}: it ends with a backslash")
    return '"{}"'.format(tree.name.replace('"', '\\"'))


def _regex(tree: Regex, indent: str) -> str:
    return "/{}/".format(tree.pattern.replace("/", "\\/"))


def _list(tree: ListLiteral, indent: str) -> str:
    return f"[{', '.join(_plain(item, indent) for item in tree.items)}]"


# ----------------------------------------------------------------------- expressions


def _unary(tree: Unary, indent: str) -> str:
    operand = _plain(tree.operand, indent)
    wrapped = isinstance(tree.operand, Binary) and not tree.operand.parenthesised
    return f"{tree.operator}({operand})" if wrapped else f"{tree.operator}{operand}"


def _in_parentheses(tree: Binary, indent: str) -> str:
    return f"({_operation(tree, indent + _STEP, fresh=False)})"


def _operation(tree: Binary, indent: str, *, fresh: bool) -> str:
    operator = f" {tree.operator}"
    if tree.comment:
        operator = f"\n{_comment(tree.comment, indent)}{indent}{tree.operator}"
    return f"{_left(tree, indent, fresh=fresh)}{operator}{_right(tree, indent)}"


def _left(tree: Binary, indent: str, *, fresh: bool) -> str:
    left = tree.left
    weaker = (
        isinstance(left, Binary)
        and not left.parenthesised
        and PRECEDENCE[left.operator] < PRECEDENCE[tree.operator]
    )
    # After a regex or a star, Kapacitor's lexer knows these operators alone.
    hides = tree.operator not in ("AND", "OR", "-") and isinstance(_edge(left, "right"), _BARE)
    if weaker or hides:
        return f"{indent if fresh else ''}({_plain(left, indent)})"
    return _node(left, indent, fresh=fresh)


def _right(tree: Binary, indent: str) -> str:
    right = tree.right
    broken = tree.left.position.line < right.position.line or _leads_with_comment(right)
    gap = "\n" if broken else " "
    wrapped = (
        isinstance(right, Binary)
        and not right.parenthesised
        and PRECEDENCE[right.operator] <= PRECEDENCE[tree.operator]
    )
    # After these words it takes a slash for a division, a star for a product.
    hides = tree.operator in ("AND", "OR") and isinstance(_edge(right, "left"), _BARE)
    if wrapped or hides:
        return f"{gap}{indent if broken else ''}({_plain(right, indent)})"
    return gap + _node(right, indent, fresh=broken)


def _leads_with_comment(tree: Any) -> bool:
    while isinstance(tree, Binary) and not tree.parenthesised:
        tree = tree.left
    return not isinstance(tree, Binary | Chain) and tree.comment is not None


def _edge(tree: Any, side: str) -> Any:
    """Return the operand that stands at one end, if no parenthesis does."""
    while isinstance(tree, Binary | Unary):
        if isinstance(tree, Binary):
            if tree.parenthesised:
                return None
            tree = getattr(tree, side)
        elif side == "left":
            return None
        else:
            tree = tree.operand
    return tree


def _lambda(tree: LambdaExpression, indent: str) -> str:
    body = _plain(tree.body, indent)
    return f"lambda: ({body})" if isinstance(_edge(tree.body, "left"), _BARE) else f"lambda: {body}"


def _call(tree: Call, indent: str) -> str:
    arguments = tree.arguments
    broken = bool(arguments) and tree.position.line < arguments[-1].position.line
    if not broken and not any(_leads_with_comment(argument) for argument in arguments):
        return f"{tree.name}({', '.join(_plain(argument, indent) for argument in arguments)})"
    inner = indent + _STEP
    lines = ",\n".join(_node(argument, inner, fresh=True) for argument in arguments)
    return f"{tree.name}(\n{lines}\n{indent})"


def _chain(tree: Chain, indent: str, *, fresh: bool) -> str:
    links: list[Chain] = []
    start: Expression = tree
    while isinstance(start, Chain):
        links.append(start)
        start = start.left
    parts = [_node(start, indent, fresh=fresh)]
    for link in reversed(links):
        inner = indent + _STEP * (2 if link.operator == "." else 1)
        comment = _comment(link.comment, inner) if link.comment else ""
        parts.append(f"{comment}{inner}{link.operator}{_plain(link.call, inner)}")
    return "\n".join(parts)


# ------------------------------------------------------------------------ statements


def _declaration(tree: Declaration, indent: str) -> str:
    return f"var {tree.name} = {_plain(tree.value, indent)}"


def _type_declaration(tree: TypeDeclaration, indent: str) -> str:
    return f"var {tree.name} {tree.type}"


def _dbrp(tree: Dbrp, indent: str) -> str:
    names = (_reference(Reference(name), "") for name in (tree.database, tree.retention_policy))
    return f"dbrp {'.'.join(names)}"


_WRITERS: dict[type, Callable[[Any, str], str]] = {
    Integer: _integer,
    Float: _float,
    DurationLiteral: _duration,
    Boolean: _boolean,
    String: _string,
    Regex: _regex,
    Star: lambda tree, indent: "*",
    Reference: _reference,
    ListLiteral: _list,
    Identifier: lambda tree, indent: str(tree.name),
    Unary: _unary,
    Binary: _in_parentheses,
    LambdaExpression: _lambda,
    Call: _call,
    Declaration: _declaration,
    TypeDeclaration: _type_declaration,
    Dbrp: _dbrp,
}
