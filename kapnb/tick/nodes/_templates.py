"""Templates of alerts: Go's text/template, as far as alerts mostly use it.

There are fields and map entries (``.ID``, ``.Tags.host``), ``index``, the comparisons, ``and``,
``or``, ``not``, and if, else if, else. Everything else that Go knows is refused by name. Values
print as Go prints them; ``.details`` is HTML and escaped as such.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kapnb.errors import LateError, NotSimulatedError, TickError
from kapnb.tick._ast import Position
from kapnb.tick._gotext import go_text

__all__ = ["StringMap", "Template"]

Values = dict[str, Any]
Evaluate = Callable[[Values], Any]
Part = Callable[[Values], str]

_ACTION = re.compile(
    r"""\{\{ (-\s)?
      (/\*.*?\*/ | (?:"(?:[^"\\]|\\.)*" | `[^`]*` | (?!\}\}).)*?)
    (\s-)? \}\}""",
    re.DOTALL | re.VERBOSE,
)
_TOKEN = re.compile(
    r"""\s*(?: (?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`) | (?P<number>[-+]?\d+(?:\.\d*)?)
      | (?P<field>(?:\.\w+)+|\.(?!\w)) | (?P<word>\w+) | (?P<other>\(|\)|\||:=|[$@%].*) )""",
    re.VERBOSE,
)
#: Keywords and functions that Go has beside those of `_FUNCTIONS`.
_KNOWN = frozenset(
    {"block", "break", "continue", "define", "range", "template", "with"}
    | {"call", "html", "js", "len", "print", "printf", "println", "slice", "urlquery"}
)
_HTML = {'"': "&#34;", "&": "&amp;", "'": "&#39;", "+": "&#43;", "<": "&lt;", ">": "&gt;"}


class StringMap(dict[str, str]):
    """A map of strings, whose missing entries are empty to ``index``."""


class _Nothing:
    """What a missing map entry gives."""

    def __bool__(self) -> bool:
        return False


NOTHING = _Nothing()


class Template:
    """A template that can be rendered.

    Parameters
    ----------
    text : str
        The template.
    what : str
        Which one it is, such as ``message``; for errors.
    position : Position
        Where the script sets it.
    html : bool, default: False
        Whether values are escaped, as ``.details`` does.

    Raises
    ------
    TickError
        If a construct is not simulated, or Go could not parse it; a `LateError` if Go would only
        notice at the first event.

    Examples
    --------
    >>> text = '{{ .ID }} is {{ if eq .Level "OK" }}fine{{ else }}{{ index .Fields "x" }}{{ end }}'
    >>> template = Template(text, "message", Position(1, 1))
    >>> template.render({"ID": "cpu", "Level": "WARNING", "Fields": {"x": 93.5}})
    'cpu is 93.5'
    """

    def __init__(self, text: str, what: str, position: Position, *, html: bool = False) -> None:
        self._what, self._position, self._html = what, position, html
        self._pieces = _split(text)
        self._lines = text.count("\n") + 1
        self._at = 0
        self._parts = self._sequence(top=True)

    def render(self, values: Values) -> str:
        """Return the text.

        Raises
        ------
        TickError
            If two values cannot be compared, which would end the task.
        """
        return "".join(part(values) for part in self._parts)

    # --------------------------------------------------------------------- structure

    def _sequence(self, *, top: bool = False) -> list[Part]:
        """Take pieces up to the end, or up to an else or end that is not ours."""
        parts: list[Part] = []
        while self._at < len(self._pieces):
            is_action, text, _ = self._pieces[self._at]
            word = text.split(None, 1)[0] if is_action and text else ""
            if word in ("else", "end") and not top:
                return parts
            self._at += 1
            if not is_action:
                if "{{" in text:
                    raise self._refusal("unclosed action")
                parts.append(_literal(text))
            elif word == "if":
                parts.append(self._condition(text[2:]))
            elif word in ("else", "end"):
                raise self._refusal(f"unexpected {{{{{word}}}}}")
            elif not text.startswith("/*"):
                parts.append(self._output(text))
        if not top:
            self._at += 1
            raise self._refusal("unexpected EOF")
        return parts

    def _condition(self, text: str) -> Part:
        test = self._expression(text)
        yes, no = self._sequence(), list[Part]()
        _, word, _ = self._pieces[self._at]
        self._at += 1
        if word.startswith("else"):
            rest = word[4:].strip()
            if rest.startswith("if"):  # it takes the end, too
                no = [self._condition(rest[2:])]
            elif rest:
                raise self._unknown(f"else {rest}")
            else:
                no = self._sequence()
                self._at += 1
        return lambda values: "".join(part(values) for part in (yes if test(values) else no))

    def _output(self, text: str) -> Part:
        evaluate, html = self._expression(text), self._html

        def put(values: Values) -> str:
            value = evaluate(values)
            if value is NOTHING:
                return "" if html else "<no value>"
            shown = go_text(value)
            return "".join(_HTML.get(letter, letter) for letter in shown) if html else shown

        return put

    # ------------------------------------------------------------------- expressions

    def _expression(self, text: str) -> Evaluate:
        tokens = list(self._tokens(text))
        if not tokens:
            raise self._refusal("missing value for command")
        evaluate = self._command(tokens)
        if tokens:
            raise self._refusal(f"unexpected {tokens[0][1]!r} in operand")
        return evaluate

    def _tokens(self, text: str) -> Iterator[tuple[str, str]]:
        at, text = 0, text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.end() == at:
                raise self._refusal(f"unexpected {text[at:].strip()[:1]!r} in command")
            at = match.end()
            assert match.lastgroup is not None
            kind, symbol = match.lastgroup, match[match.lastgroup]
            if symbol == "|" or symbol.startswith((":=", "$")):
                raise self._unknown("a pipeline" if symbol == "|" else "a variable")
            if kind == "other" and symbol not in "()":
                raise self._refusal(f"unexpected {symbol[:1]!r} in command")
            yield kind, symbol

    def _command(self, tokens: list[tuple[str, str]]) -> Evaluate:
        """Take a value, or a function and its arguments."""
        kind, symbol = tokens[0]
        if kind != "word" or symbol in ("true", "false", "nil"):
            return self._operand(tokens)
        tokens.pop(0)
        if symbol not in _FUNCTIONS:
            known = symbol in _KNOWN or (symbol == "json" and self._html)
            raise self._unknown(symbol) if known else self._undefined(symbol)
        arguments: list[Evaluate] = []
        while tokens and tokens[0][1] != ")":
            arguments.append(self._operand(tokens))
        function, least = _FUNCTIONS[symbol]
        if len(arguments) < least:
            raise self._late(f"wrong number of args for {symbol}: want at least {least}")

        def call(values: Values) -> Any:
            try:
                return function(*(argument(values) for argument in arguments))
            except TypeError as error:
                raise self._late(f"error calling {symbol}: {error}") from None

        return call

    def _operand(self, tokens: list[tuple[str, str]]) -> Evaluate:
        kind, symbol = tokens.pop(0)
        if kind == "string":
            return _constant(_unquoted(symbol))
        if kind == "number":
            return _constant(float(symbol) if "." in symbol else int(symbol))
        if symbol in ("true", "false"):
            return _constant(symbol == "true")
        if kind == "field":
            return self._field(symbol)
        if symbol == "(":
            evaluate = self._command(tokens)
            if not tokens or tokens.pop(0)[1] != ")":
                raise self._refusal("unclosed left paren")
            return evaluate
        raise self._unknown(symbol)

    def _field(self, symbol: str) -> Evaluate:
        names = symbol.strip(".").split(".") if symbol != "." else []
        if not names:
            raise self._unknown("the whole of the data, .,")
        if names[0] not in _ROOT:
            raise self._late(f"can't evaluate field {names[0]} in type kapacitor.detailsInfo")
        if names[0] == "ServerInfo":
            raise self._unknown(".ServerInfo")

        def get(values: Values) -> Any:
            value: Any = values
            for name in names:
                if not isinstance(value, dict):
                    raise self._late(f"can't evaluate field {name}")
                value = value.get(name, NOTHING)
            return value

        return get

    def _unknown(self, what: str) -> NotSimulatedError:
        text = f"{what} in the template of .{self._what} is not simulated"
        return NotSimulatedError(f"{self._position}: {text}", *self._position)

    def _undefined(self, symbol: str) -> TickError:
        return self._refusal(f'function "{symbol}" not defined')

    def _refusal(self, text: str) -> TickError:
        """Return what Go says when it reads the template."""
        at = self._at - 1
        line = self._pieces[at].line if at < len(self._pieces) else self._lines
        text = f"template: {self._what}:{line}: {text}"
        return TickError(f"{self._position}: {text}", *self._position)

    def _late(self, text: str) -> TickError:
        """Return what Go says when it renders the template."""
        return LateError(f"{self._position}: template: {self._what}: {text}", *self._position)


_ROOT = frozenset(
    {"Name", "TaskName", "Group", "Tags", "ServerInfo"}
    | {"ID", "Fields", "Level", "Time", "Duration", "Message"}
)


class _Piece(NamedTuple):
    """What stands in a template: an action or plain text."""

    is_action: bool
    text: str
    line: int


def _split(text: str) -> list[_Piece]:
    """Return the pieces, trimmed as the dashes say."""
    pieces: list[_Piece] = []
    at, trim = 0, False
    for match in _ACTION.finditer(text):
        plain = text[at : match.start()]
        plain = plain.lstrip() if trim else plain
        line = text.count("\n", 0, match.start()) + 1
        pieces.append(_Piece(False, plain.rstrip() if match[1] else plain, line))
        pieces.append(_Piece(True, match[2].strip(), line))
        at, trim = match.end(), bool(match[3])
    rest = text[at:]
    line = text.count("\n", 0, max(text.rfind("{{"), at)) + 1
    pieces.append(_Piece(False, rest.lstrip() if trim else rest, line))
    return [piece for piece in pieces if piece.is_action or piece.text]


def _literal(text: str) -> Part:
    return lambda values: text


def _constant(value: Any) -> Evaluate:
    return lambda values: value


def _unquoted(symbol: str) -> str:
    if symbol.startswith("`"):
        return symbol[1:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), symbol[1:-1])


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if not isinstance(value, dict):
            raise TypeError(f"can't index item of type {type(value).__name__}")
        # An entry that is missing is the zero of what the map holds.
        value = value.get(key, "" if isinstance(value, StringMap) else NOTHING)
    return value


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    def apply(left: Any, *rights: Any) -> bool:
        for right in rights:
            if type(left) is not type(right):
                raise TypeError("incompatible types for comparison")
        return any(compare(left, right) for right in rights)

    return apply


def _and(*values: Any) -> Any:
    return next((value for value in values if not value), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if value), values[-1])


#: The functions, and how many arguments each needs.
_FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "and": (_and, 1),
    "eq": (_compared(operator.eq), 2),
    "ge": (_compared(operator.ge), 2),
    "gt": (_compared(operator.gt), 2),
    "index": (_index, 1),
    "le": (_compared(operator.le), 2),
    "lt": (_compared(operator.lt), 2),
    "ne": (_compared(operator.ne), 2),
    "not": (lambda value: not value, 1),
    "or": (_or, 1),
}
