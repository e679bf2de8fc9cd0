"""Literals of a TICKscript: from their text to the tree.

The rules are those of tick/ast/node.go and of influxql's durations: a number with a dot is a
float, a leading zero means octal, a duration has one unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kapnb.model import INT_MAX, parse_duration
from kapnb.tick._ast import (
    Boolean,
    Comment,
    DurationLiteral,
    Expression,
    Float,
    Integer,
    Position,
    Reference,
    Regex,
    Star,
    String,
)
from kapnb.tick._lexer import STAR
from kapnb.tick._regex import go_refusal

__all__ = ["LITERALS", "parse_literal"]


def _number(text: str, position: Position, comment: Comment | None) -> Integer | Float:
    if "." in text:
        if not re.fullmatch(r"[0-9]*\.[0-9]*", text):
            raise ValueError(f'illegal number syntax: "{text}"')
        return Float(float(text), position=position, comment=comment)
    base = 8 if text[0] == "0" and len(text) > 1 else 10
    try:
        value = int(text.encode("ascii"), base)
    except ValueError:
        value = -1
    if not 0 <= value <= INT_MAX:
        raise ValueError(f'illegal number syntax: "{text}"')
    return Integer(value, base, position=position, comment=comment)


def _duration(text: str, position: Position, comment: Comment | None) -> DurationLiteral:
    unit = "ms" if text.endswith("ms") else text[-1]
    digits = text.removesuffix(unit)
    if not (digits.isascii() and digits.isdigit() and int(digits) <= INT_MAX):
        raise ValueError("invalid duration")
    nanoseconds = parse_duration(text)
    if nanoseconds > INT_MAX:
        raise ValueError(
            f"overflowed duration {int(digits)}{unit}: choose a smaller duration or INF"
        )
    return DurationLiteral(nanoseconds, text, position=position, comment=comment)


def _boolean(text: str, position: Position, comment: Comment | None) -> Boolean:
    return Boolean(text == "TRUE", position=position, comment=comment)


def _string(text: str, position: Position, comment: Comment | None) -> String:
    if len(text) >= 6 and text.startswith("'''"):
        return String(text[3:-3], triple=True, position=position, comment=comment)
    return String(text[1:-1].replace("\\'", "'"), position=position, comment=comment)


def _reference(text: str, position: Position, comment: Comment | None) -> Reference:
    return Reference(text[1:-1].replace('\\"', '"'), position=position, comment=comment)


def _regex(text: str, position: Position, comment: Comment | None) -> Regex:
    pattern = text[1:-1].replace("\\/", "/")
    refusal = go_refusal(pattern)
    if refusal:
        raise ValueError(refusal)
    return Regex(pattern, position=position, comment=comment)


def _star(text: str, position: Position, comment: Comment | None) -> Star:
    return Star(position=position, comment=comment)


_READERS: dict[str, Callable[[str, Position, Comment | None], Expression]] = {
    "number": _number,
    "duration": _duration,
    "TRUE": _boolean,
    "FALSE": _boolean,
    "string": _string,
    "reference": _reference,
    "regex": _regex,
    STAR: _star,
}

#: Kinds of token that are literals.
LITERALS = frozenset(_READERS)


def parse_literal(kind: str, text: str, position: Position, comment: Comment | None) -> Expression:
    """Return the literal that a token of one of the `LITERALS` is.

    Raises
    ------
    ValueError
        With Kapacitor's text, if it is none after all, such as ``08``.
    """
    return _READERS[kind](text, position, comment)
