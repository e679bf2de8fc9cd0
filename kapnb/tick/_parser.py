"""Tokens of a TICKscript to its tree, with Kapacitor's grammar and texts of errors.

The grammar is that of tick/ast/parser.go. One thing is kinder: a comment in a place where
Kapacitor's formatter loses it stays, before the next thing that can carry one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kapnb.errors import TickError
from kapnb.tick._ast import (
    Binary,
    Call,
    Chain,
    Comment,
    Dbrp,
    Declaration,
    Expression,
    Identifier,
    LambdaExpression,
    ListLiteral,
    Program,
    Reference,
    Statement,
    TypeDeclaration,
    Unary,
)
from kapnb.tick._lexer import STAR, Lexer, Token
from kapnb.tick._literals import LITERALS, parse_literal

__all__ = ["PRECEDENCE", "parse"]

#: Of binary operators; all are left-associative.
PRECEDENCE = {
    "OR": 0,
    "AND": 1,
    "==": 2,
    "!=": 2,
    "=~": 2,
    "!~": 2,
    ">": 3,
    ">=": 3,
    "<": 3,
    "<=": 3,
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "%": 5,
}

# What Kapacitor says it expected where an operand stands; its list is not complete.
_OPERAND = ("number", "string", "duration", "identifier", "TRUE", "FALSE", "==", "(", "-", "!")
_LINKS = (".", "|", "@")
_EXCERPT = 10  # bytes before and after the place of an error


def parse(text: str) -> Program:
    """Return the tree of a TICKscript.

    Parameters
    ----------
    text : str
        The script.

    Raises
    ------
    TickError
        In the words of ``kapacitor define``, with line and column.

    Examples
    --------
    >>> program = parse("stream|from()")
    >>> program.statements[0].call.name
    'from'
    """
    try:
        return _Parser(text).program()
    except RecursionError:
        raise TickError("the script is nested too deeply to be read") from None


class _Parser:
    """A recursive descent with a lookahead of two tokens."""

    def __init__(self, text: str) -> None:
        self._lexer = Lexer(text)
        self._tokens = self._commented(iter(self._lexer))
        self._ahead: list[tuple[Token, list[str]]] = []
        self._comment_lines: list[str] = []  # read, and of no node yet

    # ------------------------------------------------------------------------ tokens

    def _commented(self, tokens: Iterator[Token]) -> Iterator[tuple[Token, list[str]]]:
        """Yield each token with the comment lines before it."""
        lines: list[str] = []
        for token in tokens:
            if token.kind == "//":
                lines += _comment_lines(token.text, first=not lines)
            else:
                yield token, lines
                lines = []
        while True:  # Kapacitor's lexer gives empty errors after its end
            yield Token("ERR", 0, ""), []

    def _look(self, ahead: int = 0) -> Token:
        while len(self._ahead) <= ahead:
            self._ahead.append(next(self._tokens))
        return self._ahead[ahead][0]

    def _peek(self) -> str:
        return self._look().kind

    def _next(self) -> Token:
        token = self._look()
        self._comment_lines += self._ahead.pop(0)[1]
        return token

    def _expect(self, kind: str) -> Token:
        token = self._next()
        if token.kind != kind:
            self._refuse(token, kind)
        return token

    def _comment(self) -> Comment | None:
        """Return the comment that was read since the last one was taken."""
        lines, self._comment_lines = self._comment_lines, []
        return Comment(tuple(lines)) if lines else None

    def _refuse(self, token: Token, *expected: str) -> None:
        text = self._lexer.text.encode(errors="surrogatepass")
        place = len(self._lexer.text[: token.start].encode(errors="surrogatepass"))
        before = text[max(place - _EXCERPT, 0) : place].rpartition(b"\n")[2]
        after = text[place : place + _EXCERPT].partition(b"\n")[0]
        excerpt = (before + after).decode(errors="replace")
        shown = token.text if token.kind == "ERR" else _shown(token.kind)
        position = self._lexer.position(token.start)
        wanted = ",".join(f'"{_shown(kind)}"' for kind in expected)
        raise TickError(
            f'parser: unexpected {shown} {position} in "{excerpt}". expected: {wanted}',
            *position,
        )

    # -------------------------------------------------------------------- statements

    def program(self) -> Program:
        """Parse a whole script."""
        statements: list[Statement] = []
        while self._peek() != "EOF":
            statements.append(self._statement())
        self._next()
        return Program(tuple(statements), self._comment(), position=self._lexer.position(0))

    def _statement(self) -> Statement:
        kind = self._peek()
        if kind == "var":
            return self._declaration()
        return self._dbrp() if kind == "dbrp" else self._expression()

    def _declaration(self) -> Declaration | TypeDeclaration:
        position = self._lexer.position(self._expect("var").start)
        comment = self._comment()
        name = self._expect("identifier").text
        if self._peek() == "=":
            self._next()
            value = self._expression()
            return Declaration(name, value, position=position, comment=comment)
        kind = self._expect("identifier").text
        return TypeDeclaration(name, kind, position=position, comment=comment)

    def _dbrp(self) -> Dbrp:
        position = self._lexer.position(self._expect("dbrp").start)
        comment = self._comment()
        database = self._expect("reference")
        self._expect(".")
        policy = self._expect("reference")
        names = [parse_literal("reference", t.text, position, None) for t in (database, policy)]
        assert isinstance(names[0], Reference)
        assert isinstance(names[1], Reference)
        return Dbrp(names[0].name, names[1].name, position=position, comment=comment)

    # ------------------------------------------------------------------- expressions

    def _expression(self) -> Expression:
        """Parse what may stand as a statement, a value or an argument."""
        kind = self._peek()
        if kind == "lambda":
            return self._lambda()
        if kind == "[":
            return self._list()
        if kind != "identifier":
            return self._binary(self._operand(), 0)
        follows = self._look(1).kind
        if follows == "(":
            called = self._call(self._expression)
            return self._chain(called) if self._peek() in _LINKS else self._binary(called, 0)
        if follows in _LINKS:
            return self._chain(self._identifier())
        return self._binary(self._operand(), 0)

    def _chain(self, left: Expression) -> Expression:
        while self._peek() in _LINKS:
            operator = self._next()
            comment = self._comment()
            position = self._lexer.position(operator.start)
            right: Call | Identifier
            if operator.kind == "|" or self._look(1).kind == "(":
                right = self._call(self._expression)
            else:
                right = self._identifier()
            left = Chain(left, operator.kind, right, position=position, comment=comment)
        return left

    def _identifier(self) -> Identifier:
        token = self._expect("identifier")
        return Identifier(
            token.text, position=self._lexer.position(token.start), comment=self._comment()
        )

    def _call(self, argument: Callable[[], Expression]) -> Call:
        name = self._expect("identifier")
        comment = self._comment()
        self._expect("(")
        arguments = self._separated(argument, ")")
        position = self._lexer.position(name.start)
        return Call(name.text, arguments, position=position, comment=comment)

    def _separated(self, item: Callable[[], Expression], closing: str) -> tuple[Expression, ...]:
        """Parse items with commas between, and perhaps one after the last."""
        items = []
        while self._peek() != closing:
            items.append(item())
            if self._peek() != ",":
                break
            self._next()
        self._expect(closing)
        return tuple(items)

    def _list(self) -> ListLiteral:
        position = self._lexer.position(self._next().start)
        comment = self._comment()
        items = self._separated(self._item, "]")
        return ListLiteral(items, position=position, comment=comment)

    def _item(self) -> Expression:
        token = self._look()
        if token.kind not in ("identifier", "string", STAR):
            self._refuse(token, "identifier", "string", STAR)
        return self._identifier() if token.kind == "identifier" else self._operand()

    def _lambda(self) -> LambdaExpression:
        position = self._lexer.position(self._next().start)
        comment = self._comment()
        body = self._binary(self._operand(), 0)
        return LambdaExpression(body, position=position, comment=comment)

    def _binary(self, left: Expression, weakest: int) -> Expression:
        """Parse operators and operands after `left`, as long as they bind at least so strongly."""
        while self._strength() >= weakest:
            commented = bool(self._ahead[0][1])
            operator = self._next()
            comment = self._comment() if commented else None
            right = self._operand()
            while self._strength() > PRECEDENCE[operator.kind]:
                right = self._binary(right, self._strength())
            position = self._lexer.position(operator.start)
            left = Binary(operator.kind, left, right, position=position, comment=comment)
        return left

    def _strength(self) -> int:
        """Return how strongly the next token binds; -1 if it is no operator."""
        return PRECEDENCE.get(self._peek(), -1)

    def _operand(self) -> Expression:
        token = self._look()
        if token.kind == "(":
            return self._parenthesised()
        if token.kind in ("-", "!"):
            self._next()
            comment = self._comment()
            position = self._lexer.position(token.start)
            return Unary(token.kind, self._operand(), position=position, comment=comment)
        if token.kind == "identifier":
            if self._look(1).kind == "(":
                return self._call(lambda: self._binary(self._operand(), 0))
            return self._identifier()
        return self._literal()

    def _literal(self) -> Expression:
        token = self._next()
        if token.kind not in LITERALS:
            self._refuse(token, *_OPERAND)
        position = self._lexer.position(token.start)
        try:
            return parse_literal(token.kind, token.text, position, self._comment())
        except ValueError as error:
            raise TickError(f"parser: {error}", *position) from None

    def _parenthesised(self) -> Expression:
        self._next()
        inner = self._binary(self._operand(), 0)
        self._expect(")")
        return _in_parentheses(inner) if isinstance(inner, Binary) else inner


def _in_parentheses(inner: Binary) -> Binary:
    return Binary(
        inner.operator,
        inner.left,
        inner.right,
        parenthesised=True,
        position=inner.position,
        comment=inner.comment,
    )


def _shown(kind: str) -> str:
    return "*" if kind == STAR else kind


def _comment_lines(text: str, *, first: bool) -> Iterator[str]:
    """Yield the lines of one comment; a newline stands for the gap to an earlier one."""
    if not first:
        yield "\n"
    for raw in text.split("\n"):
        line = raw.strip()
        if line:
            yield line.removeprefix("//").removeprefix(" ")
