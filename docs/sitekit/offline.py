"""Pages load nothing from elsewhere: what they need comes with them.

A reader may be on a plant's network; and nobody else need know what is read. Links for people to
follow are another matter.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["loaded_from_elsewhere", "setup"]

_TAG = re.compile(r"<(?:script|link|img|iframe|source|video|audio|embed|object)\b[^>]*>", re.I)
_ADDRESS = re.compile(r"""\b(?:src|href|data)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)""", re.I)
_STYLE = re.compile(r"""(?:@import|url\()\s*["']?((?:https?:)?//[^"')\s]+)""", re.I)


def loaded_from_elsewhere(html: str) -> list[str]:
    """Return the addresses that a browser would fetch to show a page.

    Examples
    --------
    >>> loaded_from_elsewhere('<script src="https://a.example/x.js"></script>')
    ['https://a.example/x.js']
    >>> loaded_from_elsewhere('<a href="https://a.example">a</a> <img src="plot.png">')
    []
    """
    tags = _TAG.findall(html)
    return [address for tag in tags for address in _ADDRESS.findall(tag)] + _STYLE.findall(html)


def _look(app: Sphinx, failure: Exception | None) -> None:
    from sphinx.util import logging

    if failure is not None or app.builder.format != "html":
        return
    for path in sorted([*Path(app.outdir).rglob("*.html"), *Path(app.outdir).rglob("*.css")]):
        for address in loaded_from_elsewhere(path.read_text(encoding="utf-8")):
            logging.getLogger(__name__).warning("%s loads %s", path.name, address)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("build-finished", _look)
    return {"parallel_read_safe": True}
