"""The site's tree, read from the lists of docs/index.md.

The index is plain Markdown: each section is a list of links, which reads well on GitHub. Each
section becomes a part of the sidebar, so that there is one order and not two. A page that no
list names stands in the last part, so none is ever lost.
"""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["grown", "sections", "setup"]

#: The first link of an item; or a pattern of pages that may be there, in place of a list:
#: ``<!-- pages: ../notebooks/*.ipynb -->``.
_ITEM = re.compile(
    r"^[-*] .*?\]\((?P<link>[^)#:]+\.(?:md|ipynb))\)|^<!-- pages: (?P<glob>\S+) -->$", re.MULTILINE
)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
#: Pages that stand in no part: the index itself, the README, and what has a tree of its own.
_APART = re.compile(r"README$|docs/(index$|decisions/\d|reference/)")


def sections(index: str, pages: set[str], folder: str) -> dict[str, list[str]]:
    """Return the pages of each section of the index.

    Parameters
    ----------
    index : str
        The text of the index.
    pages : set of str
        All pages, as Sphinx names them: from the source folder, without suffix.
    folder : str
        Where the index lies, from the source folder.

    Returns
    -------
    dict of str to list of str
        Names of pages by the section's heading; sections without pages are left out.
    """
    parts = _SECTION.split(index)[1:]
    found: dict[str, list[str]] = {}
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        names = [
            page
            for item in _ITEM.finditer(text)
            for page in _pages(item["link"] or item["glob"], pages, folder)
        ]
        if names:
            found[heading] = names
    named = {page for names in found.values() for page in names}
    found[list(found)[-1]] += sorted(page for page in pages - named if not _APART.match(page))
    return found


def grown(index: str, pages: set[str], folder: str) -> str:
    """Return the index with its tree below, and with lists where patterns stood."""
    trees = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", "", *names, "```"])
        for heading, names in (
            (heading, [f"/{page}" for page in names])
            for heading, names in sections(index, pages, folder).items()
        )
    ]

    def listed(item: re.Match[str]) -> str:
        if not item["glob"]:
            return item[0]
        suffix = posixpath.splitext(item["glob"])[1]
        return "\n".join(f"- [](/{page}{suffix})" for page in _pages(item["glob"], pages, folder))

    return "\n\n".join([_ITEM.sub(listed, index), *trees]) + "\n"


def _pages(target: str, pages: set[str], folder: str) -> list[str]:
    """Return the pages that a link or a pattern of the index means."""
    name = posixpath.splitext(posixpath.normpath(posixpath.join(folder, target)))[0]
    return sorted(page for page in pages if fnmatch(page, name))


def _grow(app: Sphinx, page: str, source: list[str]) -> None:
    if page == app.config.root_doc:
        source[0] = grown(source[0], set(app.env.found_docs), posixpath.dirname(page))
    elif page == "README":  # the same house's other door
        source[0] = f"---\norphan: true\n---\n\n{source[0]}"
    elif page == "docs/decisions/README":
        source[0] += "\n\n```{toctree}\n:hidden:\n:glob:\n\n[0-9]*\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("source-read", _grow)
    return {"parallel_read_safe": True}
