"""Pieces of HTML that all our displays are made of: escaped text, tables, marked blocks.

Plain strings from the standard library. The same object gives the same text, because notebook
tests compare it; so no times of day, no ids. Colours are inherited, so that it reads on a light
page and on a dark one; nothing is loaded from anywhere.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "FAINT",
    "MARKED",
    "and_more",
    "faint",
    "fixed",
    "listed",
    "shown",
    "table",
    "text",
    "uncut",
]

#: Styles: what matters less; what must not be overlooked.
FAINT = "opacity:.7"
MARKED = "border-left:3px solid #d55e00;padding-left:.6em;margin:.4em 0"

#: A page may set its `pre` in any font, and break its lines.
_FIXED = "font-family:monospace;white-space:pre;overflow-x:auto"

#: What a page would break where it is narrow; a style of the table is not heeded there.
_WHOLE = "white-space:nowrap"

_TEXT_MAX = 60


def text(content: str, most: int = _TEXT_MAX) -> str:
    """Escape, on one line and not too long."""
    line = " ".join(content.split())
    return html.escape(line if len(line) <= most else f"{line[: most - 1]}…")


def shown(value: Any) -> str:
    """Return a field's value as text; a float has six digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def faint(content: str) -> str:
    """Return a line, as it is, that matters less."""
    return f"<div style='{FAINT}'>{content}</div>"


def uncut(content: str) -> str:
    """Escape a sentence, on one line; what stands in single backquotes is code."""
    pieces = html.escape(" ".join(content.split())).split("`")
    if len(pieces) % 2 == 0:  # one of them is no quote
        return "`".join(pieces)
    return "".join(
        f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces)
    )


def fixed(content: str) -> str:
    """Return lines of text in columns, escaped; a long line is scrolled to, not broken."""
    return f"<pre style='{_FIXED}'>{html.escape(content)}</pre>"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; cells are escaped, and a time is not broken at its hyphens."""
    top = "".join(f"<th>{text(cell)}</th>" for cell in head)
    whole = [name == "time" for name in head]
    body = "".join("<tr>" + "".join(map(_cell, map(str, row), whole)) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cell(content: str, whole: bool) -> str:
    inner = text(content)
    return f"<td>{f'<span style={_WHOLE!r}>{inner}</span>' if whole else inner}</td>"


def listed(title: str, items: Sequence[str], most: int, noun: str) -> str:
    """Return a marked list of texts, which are escaped and never cut; empty without any."""
    if not items:
        return ""
    lines = "".join(f"<li>{html.escape(item)}</li>" for item in items[:most])
    rest = and_more(len(items) - most, noun)
    return f"<div style='{MARKED}'><b>{title}</b><ul>{lines}</ul>{rest}</div>"


def and_more(count: int, noun: str) -> str:
    """Say how many are not shown, if any."""
    if count <= 0:
        return ""
    return faint(f"and {count} more {noun}{'' if count == 1 else 's'}")
