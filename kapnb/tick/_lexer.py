"""A TICKscript as tokens, cut where Kapacitor cuts it.

The rules are those of tick/ast/lex.go in influxdata/kapacitor: what may follow a token depends on
the token, so that ``*`` is a star after a comma and a product after a name. Knows no grammar.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from kapnb.tick._ast import Position

__all__ = ["KEYWORDS", "STAR", "Lexer", "Token"]

#: Token kinds are named as Kapacitor's messages name them.
KEYWORDS = ("AND", "OR", "TRUE", "FALSE", "var", "dbrp")

#: Kapacitor shows it as ``*``, too; but it is no operator.
STAR = "star"

_SINGLE = "-!()[]|@,"
_DURATION_UNITS = "uµsmhdw"
_EOF = ""


class Token(NamedTuple):
    """A piece of the script; of an error, `text` is Kapacitor's description.

    `start` counts characters from 0.
    """

    kind: str
    start: int
    text: str


class _LexError(Exception):
    """What stops the lexer; becomes its last token."""


def _is_space(char: str) -> bool:
    # Go's idea of a space; Python's has four separators more.
    return char.isspace() and char not in "\x1c\x1d\x1e\x1f"


def _is_name(char: str) -> bool:
    return char.isdecimal() or char.isalpha() or char == "_"


class Lexer:
    """Tokens of a text, and places in it.

    Examples
    --------
    >>> [token.text for token in Lexer("stream|from()")]
    ['stream', '|', 'from', '(', ')', '']
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._start = self._at = 0
        self._lines = [0, *(i + 1 for i, char in enumerate(text) if char == "\n")]

    def position(self, offset: int) -> Position:
        """Return line and character of an offset; as in Kapacitor, a character is a byte."""
        line = bisect_right(self._lines, offset)
        before = self.text[self._lines[line - 1] : offset]
        return Position(line, len(before.encode(errors="surrogatepass")) + 1)

    def __iter__(self) -> Iterator[Token]:
        """Yield the tokens; the last is ``EOF`` or ``ERR``."""
        self._start = self._at = 0
        state: Callable[[], str] = self._token
        while True:
            try:
                kind = state()
            except _LexError as error:
                yield Token("ERR", self._start, str(error))
                return
            if kind:
                yield Token(kind, self._start, self.text[self._start : self._at])
                self._start = self._at
            if kind == "EOF":
                return
            state = self._next_state(kind)

    def _next_state(self, kind: str) -> Callable[[], str]:
        if not kind:  # no operator here
            return self._token
        if kind in ("identifier", "lambda", "number", "duration", "string", "reference", ")"):
            return self._operator
        if kind in KEYWORDS:
            return self._operator
        return self._token_or_regex if kind in ("=", "=~", "!~") else self._token

    # -------------------------------------------------------------------- characters

    def _peek(self) -> str:
        return self.text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += len(char)
        return char

    def _skip_space(self) -> None:
        while _is_space(self._peek()):
            self._at += 1
        self._start = self._at

    # ------------------------------------------------------------------------ states

    def _token(self) -> str:
        """Read what stands where an operand or a separator may."""
        self._skip_space()
        char = self._next()
        if char == _EOF:
            return "EOF"
        if char == "*":
            return STAR
        if char in _SINGLE:
            return char
        if char.isdecimal() or char == ".":
            return self._number_or_dot(char)
        if char.isalpha():
            return self._name()
        if char == '"':
            return self._reference()
        if char == "'":
            return self._string()
        if char == "/":
            return self._comment() if self._peek() == "/" else self._regex()
        raise _LexError(f"unknown state, last char: {_quoted(char)}")

    def _token_or_regex(self) -> str:
        """Read what follows ``=``, ``=~``, ``!~``: a slash begins a regex, were it an empty one."""
        self._skip_space()
        if self._peek() == "/":
            self._at += 1
            return self._regex()
        return self._token()

    def _operator(self) -> str:
        """Read a binary operator, if one stands here; else nothing."""
        self._skip_space()
        char = self._peek()
        two = self.text[self._at : self._at + 2]
        if two == "//":
            self._at += 1
            return self._comment()
        if two in ("==", "=~", "!=", "!~", "<=", ">="):
            self._at += 2
            return two
        if char and char in "+-*%/!<>=":
            self._at += 1
            return char
        return ""

    def _name(self) -> str:
        while _is_name(self._peek()):
            self._at += 1
        name = self.text[self._start : self._at]
        if name == "lambda" and self._peek() == ":":
            self._at += 1
            return "lambda"
        return name if name in KEYWORDS else "identifier"

    def _number_or_dot(self, char: str) -> str:
        decimal = char == "."
        if decimal and not self._peek().isdecimal():
            return "."
        while True:
            char = self._peek()
            if char == ".":
                if decimal:
                    raise _LexError("multiple decimals in number")
                decimal = True
            elif char and char in _DURATION_UNITS and not decimal:
                self._at += 1
                if char == "m" and self._peek() == "s":
                    self._at += 1
                return "duration"
            elif not char.isdecimal():
                return "number"
            self._at += 1

    def _reference(self) -> str:
        while char := self._next():
            if char == '"':
                return "reference"
            if char == "\\" and self._peek() == '"':
                self._at += 1
        raise _LexError("unterminated field reference")

    def _string(self) -> str:
        quotes = 1
        if self._peek() == "'":
            self._at += 1
            if self._peek() != "'":
                return "string"
            self._at += 1
            quotes = 3
        missing = quotes
        while char := self._next():
            if char == "\\" and missing == 1:  # so also after two quotes of three
                if self._peek() == "'":
                    self._at += 1
            elif char == "'":
                missing -= 1
                if missing == 0:
                    return "string"
            else:
                missing = quotes
        raise _LexError("unterminated string")

    def _regex(self) -> str:
        while char := self._next():
            if char == "/":
                return "regex"
            if char == "\\" and self._peek() == "/":
                self._at += 1
        raise _LexError("unterminated regex")

    def _comment(self) -> str:
        """Read adjoining lines that begin with a slash as one comment."""
        while char := self._next():
            if char != "\n":
                continue
            while _is_space(self._peek()) and self._peek() != "\n":
                self._at += 1
            if self._peek() != "/":
                break
        return "//"


def _quoted(char: str) -> str:
    """Return a character as Go's ``%q`` shows it."""
    if char.isprintable():
        return "'\\\\'" if char == "\\" else f"'{char}'"
    code = ord(char)
    named = {"\a": "\\a", "\b": "\\b"}.get(char)
    if named:
        return f"'{named}'"
    return f"'\\x{code:02x}'" if code < 0x80 else f"'\\u{code:04x}'"
