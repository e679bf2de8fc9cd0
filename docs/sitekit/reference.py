"""The reference: a page for each public module, made of its ``__all__`` and its docstrings.

Pages are written to docs/reference at each build and not committed. What a build did not
document, though it is public, is a warning, and so an error of `make docs`.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sitekit.messages import listed
from sitekit.public import Name, comment_of, names_of, public_modules

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.domains.python import PythonDomain
    from sphinx.environment import BuildEnvironment

__all__ = ["contents", "page", "pages", "setup"]


def pages() -> dict[str, str]:
    """Return the text of each page, in reStructuredText, by the module's name."""
    return {module: page(module) for module in public_modules()}


def page(module: str) -> str:
    """Return the page of a module: its docstring, what stands elsewhere, then name by name."""
    names = names_of(module)
    own = [name for name in names if name.home == name.path and name.kind != "module"]
    parts = [f"{module}\n{'=' * len(module)}", f".. automodule:: {module}\n   :no-members:"]
    elsewhere = [_link(name) for name in names if name not in own]
    if elsewhere:
        parts.append(f"Documented elsewhere: {', '.join(elsewhere)}.")
    if own:
        parts.append(f"Here: {', '.join(f':py:obj:`~{name.path}`' for name in own)}.")
    parts += [_directive(name) for name in own]
    return "\n\n".join(parts) + "\n"


def _link(name: Name) -> str:
    if name.kind == "module":
        return f":py:mod:`{name.value.__name__}`"
    return f":py:obj:`{name.home}`"


def _directive(name: Name) -> str:
    if name.kind == "data":
        words = comment_of(name) or ""
        return f".. py:data:: {name.name}\n   :module: {name.module}\n\n   {words}"
    lines = [f".. auto{name.kind}:: {name.path}"]
    if isinstance(name.value, type):
        lines.append("   :members:")
        lines += ["   :show-inheritance:"] if name.value.__bases__ != (object,) else []
        lines += ["   :undoc-members:"] if issubclass(name.value, enum.Enum) else []
    return "\n".join(lines)


def contents() -> str:
    """Return the list of the pages, in Markdown: each module with its first sentence."""
    lines = ["| module | |", "| --- | --- |"]
    for module in public_modules():
        words = inspect.getdoc(importlib.import_module(module)) or ""
        first = words.partition("\n\n")[0].replace("\n", " ").replace("|", r"\|")
        lines.append(f"| [`{module}`](reference/{module}.rst) | {first} |")
    tree = ["```{toctree}", ":hidden:", "", *(f"reference/{name}" for name in public_modules())]
    return "\n".join([*lines, "", *tree, "```", ""])


def parted(lines: list[str]) -> list[str]:
    """Return a docstring in which each attribute stands by itself.

    numpydoc lets several share their words (``expected, found : str``), which Sphinx's own field
    lists do not know.
    """
    starts = [number for number, line in enumerate(lines) if line[:1].strip()]
    ends = [*starts[1:], len(lines)]
    found = lines[: starts[0]] if starts else list(lines)
    section = ""
    for start, end in zip(starts, ends, strict=True):
        if lines[start + 1 : start + 2] and re.fullmatch("-{3,}", lines[start + 1]):
            section = lines[start]
        names = re.fullmatch(r"(\w+(?:, \w+)+)( : .*)", lines[start])
        if section == "Attributes" and names:
            for name in names[1].split(", "):
                found += [f"{name}{names[2]}", *lines[start + 1 : end]]
        else:
            found += lines[start:end]
    return found


def described(lines: list[str]) -> list[str]:
    """Return the docstring of an attribute or a property as one that does not begin with its type.

    napoleon takes what stands before a colon for that (``int: how many``); here it is the first
    half of a sentence. Behind an empty comment there is no colon in the first line.
    """
    return ["..", "", *lines] if lines and ":" in lines[0] else lines


def quoted(lines: list[str]) -> list[str]:
    """Return a docstring whose defaults with a point are literals.

    Sphinx shows of ``pathlib.Path`` the last part alone, and so of ``default: 0.05``, too.
    """
    return [re.sub(r"^(\w.* : .*default: )([\w-]*\.[\w.]+)$", r"\1``\2``", line) for line in lines]


def _part(
    app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]
) -> None:
    is_value = what in ("attribute", "data", "property")
    lines[:] = described(lines) if is_value else [*quoted(parted(lines)), *listed(value)]


def _write(app: Sphinx) -> None:
    """Write the pages that changed, and remove those of modules that are gone."""
    folder = Path(app.confdir) / "reference"
    folder.mkdir(exist_ok=True)
    texts = {f"{module}.rst": text for module, text in pages().items()}
    for old in folder.glob("*.rst"):
        if old.name not in texts:
            old.unlink()
    for file, text in texts.items():
        path = folder / file
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _list(app: Sphinx, document: str, source: list[str]) -> None:
    if document == "docs/reference":
        source[0] += "\n" + contents()


def _dash(app: Sphinx, document: nodes.document) -> None:
    """Put a dash between a parameter and its words, which Sphinx leaves to smartquotes."""
    from docutils import nodes

    for text in list(document.findall(nodes.Text)):
        if text.startswith(" -- "):
            text.parent.replace(text, nodes.Text(f" \N{EN DASH} {text[4:]}"))


def _check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each public name that the build did not document."""
    from sphinx.util import logging

    documented = cast("PythonDomain", env.get_domain("py")).objects
    for module in public_modules():
        for name in names_of(module):
            if name.kind != "module" and name.home not in documented:
                logging.getLogger(__name__).warning("%s is not in the reference", name.path)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    # Before napoleon, which makes field lists of the sections.
    app.connect("autodoc-process-docstring", _part, priority=400)
    app.connect("builder-inited", _write)
    app.connect("source-read", _list)
    app.connect("doctree-read", _dash)
    app.connect("env-check-consistency", _check)
    return {"parallel_read_safe": True}
