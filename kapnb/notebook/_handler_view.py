"""A Handler class to read: edges, options, what it defines, the TICKscript to paste.

As text for terminals, and as HTML, of the same content.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from kapnb.handler import Handler, Option
from kapnb.notebook._html_parts import FAINT, faint, fixed, table, text
from kapnb.tick import udf_snippet

__all__ = ["handler_html", "handler_text"]

_HEAD = ("option", "type", "default", "what for")
#: Methods that a Handler may define, in the order in which they are called.
_METHODS = (
    "info", "init", "restore", "group_state", "begin_batch", "point", "end_batch", "batch",
    "frame", "group_expired", "snapshot", "adapt_state", "stop",
)  # fmt: skip
_POLICIES = (
    "error_policy", "restore_policy", "non_finite", "dead_letters", "group_idle", "group_cap",
    "busy_limit", "concurrency", "deterministic",
)  # fmt: skip


def handler_html(handler: type[Handler], name: str | None = None) -> str:
    """Return a Handler class as an HTML fragment.

    Parameters
    ----------
    handler : subclass of Handler
    name : str, optional
        The UDF's, for the TICKscript; by default made of the class's.

    Returns
    -------
    str
        Edges, docstring, options with types and defaults, methods and policies that are its
        own, the TICKscript to paste.

    Examples
    --------
    >>> class Mean(Handler):
    ...     size = Option(int, default=10, doc="window length, in points")
    >>> "<td>size</td><td>int</td><td>10</td>" in handler_html(Mean)
    True
    """
    edges = f"{handler.wants.name} → {handler.provides.name}"
    parts = [f"<b>{text(handler.__name__)}</b> <span style='{FAINT}'>{edges}</span>"]
    parts += [
        f"<div style='white-space:pre-line'>{html.escape(doc)}</div>" for doc in _doc(handler)
    ]
    rows = list(_options(handler))
    parts.append(table(_HEAD, rows) if rows else faint("no options"))
    parts += [faint(text(line, 200)) for line in _own(handler)]
    parts.append(faint("in a TICKscript") + fixed(udf_snippet(handler, name)))
    return f"<div>{''.join(parts)}</div>"


def handler_text(handler: type[Handler], name: str | None = None) -> str:
    """Return a Handler class as text; see `handler_html`.

    Examples
    --------
    >>> class Mean(Handler):
    ...     size = Option(int, default=10, doc="window length, in points")
    >>> print(handler_text(Mean))
    Mean: STREAM → STREAM
    <BLANKLINE>
    option  type  default  what for
    size    int   10       window length, in points
    <BLANKLINE>
    @mean()
        // window length, in points
        .size(10)
    """
    blocks = [f"{handler.__name__}: {handler.wants.name} → {handler.provides.name}", *_doc(handler)]
    rows = list(_options(handler))
    blocks.append("\n".join(columns([_HEAD, *rows])) if rows else "no options")
    if own := list(_own(handler)):
        blocks.append("\n".join(own))
    blocks.append(udf_snippet(handler, name))
    return "\n\n".join(blocks)


def columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows as lines, cells padded to columns."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _doc(handler: type[Handler]) -> Iterator[str]:
    """Yield what the class's own docstring says before its first section."""
    doc = cleandoc(vars(handler).get("__doc__") or "")
    if doc:
        yield doc.partition("\n\n")[0]


def _options(handler: type[Handler]) -> Iterator[tuple[str, ...]]:
    for option in handler.handler_shape.options.values():
        kinds = ", ".join(kind.name.lower() for kind in option.types) or "flag"
        repeated = " (many)" if option.many else ""
        yield option.name, kinds + repeated, _default(option), " ".join(option.doc.split())


def _default(option: Option[Any]) -> str:
    if option.required:
        return "required"
    if not option.types:
        return "not set"
    return str(option.default) if not isinstance(option.default, str) else repr(option.default)


def _own(handler: type[Handler]) -> Iterator[str]:
    """Yield the methods and the policies in which the class differs from Handler."""
    methods = [
        name
        for name in _METHODS
        if getattr(handler, name, None) is not getattr(Handler, name, None)
    ]
    if methods:
        yield f"defines {', '.join(methods)}"
    policies = [
        f"{name} = {getattr(handler, name)!r}"
        for name in _POLICIES
        if getattr(handler, name) != getattr(Handler, name)
    ]
    if policies:
        yield ", ".join(policies)
