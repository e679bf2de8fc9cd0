"""The site's tree, read from the lists of docs/index.md.

The index is plain Markdown: each section is a list of links, which reads well on GitHub. Each
section becomes a part of the sidebar, so that there is one order and not two. A page that no
list names stands in the last part, so none is ever lost.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["sections", "setup", "toctrees"]

#: A pattern of pages in place of a list: `<!-- pages: ../notebooks/*.ipynb -->`.
_GLOB = re.compile(r"<!-- pages: (\S+) -->")
_LINK = re.compile(r"^[-*] .*?\]\(([^)#:]+\.(?:md|ipynb|rst))\)", re.MULTILINE)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
#: Pages that no reader of the site is sent to.
_APART = frozenset({"docs/index", "README"})


def sections(index: str, folder: str = "docs") -> dict[str, list[str]]:
    """Return the pages of each section of the index, as Sphinx names them.

    Parameters
    ----------
    index : str
        The text of the index.
    folder : str, default: "docs"
        Where it lies, from the source folder.

    Returns
    -------
    dict of str to list of str
        Names of documents or patterns, without suffixes, by the section's heading.
    """
    parts = _SECTION.split(index)[1:]
    found = {}
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        targets = _LINK.findall(text) + _GLOB.findall(text)
        names = [posixpath.normpath(posixpath.join(folder, target)) for target in targets]
        found[heading] = [posixpath.splitext(name)[0] for name in names]
    return {heading: names for heading, names in found.items() if names}


def toctrees(parts: dict[str, list[str]], pages: set[str]) -> str:
    """Return the parts as toctrees, with what none of them names in the last one."""
    listed = {page for names in parts.values() for page in _expanded(names, pages)}
    nested = {page for page in pages if page.startswith(("docs/decisions/", "docs/reference/"))}
    left = sorted(pages - listed - _APART - nested)
    blocks = []
    for heading, names in parts.items():
        more = left if heading == list(parts)[-1] else []
        lines = [f"/{page}" for page in [*_expanded(names, pages), *more]]
        head = ["```{toctree}", ":hidden:", f":caption: {heading}", ""]
        blocks.append("\n".join([*head, *lines, "```"]))
    return "\n\n".join(blocks)


def _expanded(names: list[str], pages: set[str]) -> list[str]:
    from fnmatch import fnmatch

    found: dict[str, None] = {}
    for name in names:
        found.update(dict.fromkeys(sorted(page for page in pages if fnmatch(page, name))))
    return list(found)


def _grow(app: Sphinx, page: str, source: list[str]) -> None:
    if page == app.config.root_doc:
        parts = sections(source[0], posixpath.dirname(page))
        source[0] += "\n\n" + toctrees(parts, set(app.env.found_docs)) + "\n"
    elif page == "README":  # the same house's other door
        source[0] = f"---\norphan: true\n---\n\n{source[0]}"
    elif page == "docs/decisions/README":
        source[0] += "\n\n```{toctree}\n:hidden:\n:glob:\n\n[0-9]*\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("source-read", _grow)
    return {"parallel_read_safe": True}
