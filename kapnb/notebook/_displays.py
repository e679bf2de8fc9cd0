"""HTML of what the rooms below define, and cannot draw themselves: points, batches, Handlers.

IPython asks an object for its HTML, but never a class, and a Point knows no notebook. So
``%load_ext kapnb`` tells IPython who does know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kapnb.handler import Handler
from kapnb.model import Batch, Point
from kapnb.notebook._handler_view import handler_html
from kapnb.notebook._item_html import batch_html, point_html

__all__ = ["register_displays"]


def register_displays(formatter: Any) -> None:
    """Teach IPython's HTML formatter our displays; a second time changes nothing.

    Parameters
    ----------
    formatter : HTMLFormatter
        ``shell.display_formatter.formatters["text/html"]``.
    """
    formatter.for_type(Point, point_html)
    formatter.for_type(Batch, batch_html)
    before = formatter.type_printers.get(type)
    if not isinstance(before, _ClassHtml):
        formatter.for_type(type, _ClassHtml(before))


class _ClassHtml:
    """HTML of a Handler's class; other classes are shown as they were before."""

    def __init__(self, others: Callable[[Any], str | None] | None) -> None:
        self._others = others

    def __call__(self, cls: type) -> str | None:
        if issubclass(cls, Handler):
            return handler_html(cls)
        return None if self._others is None else self._others(cls)
