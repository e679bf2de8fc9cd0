"""The public names of kapnb, and the one place where each is documented.

A module is public if no part of its path begins with an underscore and it has an ``__all__``;
nobody has to list it. Knows nothing of Sphinx.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["Name", "comment_of", "homes", "names_of", "public_modules"]

PACKAGES = ("kapnb", "kapnb_exporter")


@dataclass(frozen=True)
class Name:
    """A public name: the module that offers it, what it is, and where it is documented."""

    module: str
    name: str
    value: Any
    #: The shortest public path of the same object, such as ``kapnb.Point``.
    home: str

    @property
    def path(self) -> str:
        """The name with its module."""
        return f"{self.module}.{self.name}"

    @property
    def kind(self) -> str:
        """One of ``module``, ``exception``, ``class``, ``function``, ``data``."""
        if isinstance(self.value, ModuleType):
            return "module"
        if isinstance(self.value, type):
            return "exception" if issubclass(self.value, BaseException) else "class"
        return "function" if inspect.isroutine(self.value) else "data"


@functools.cache
def public_modules() -> list[str]:
    """Return the public modules, packages before what they hold."""
    found = []
    for package in PACKAGES:
        root = importlib.import_module(package)
        parts = [package, *(m.name for m in pkgutil.walk_packages(root.__path__, f"{package}."))]
        found += [
            name
            for name in parts
            if not any(part.startswith("_") for part in name.split(".")) and _offers(name)
        ]
    return found


def _offers(name: str) -> bool:
    """Tell whether a module has an API. Subcommands and formats have a page of their own."""
    offered = getattr(importlib.import_module(name), "__all__", ["HELP"])
    return "HELP" not in offered


def names_of(module: str) -> list[Name]:
    """Return the names in a module's ``__all__``, but for its version."""
    known = homes()
    values = importlib.import_module(module)
    return [
        Name(module, name, getattr(values, name), known[f"{module}.{name}"])
        for name in values.__all__
        if name != "__version__"
    ]


@functools.cache
def homes() -> dict[str, str]:
    """Return for every public path the one under which its object is documented.

    That is the shortest: `kapnb.Point`, not `kapnb.model.Point`.
    """
    offered: dict[str, list[tuple[str, Any]]] = {}
    for module in public_modules():
        values = importlib.import_module(module)
        for name in values.__all__:
            offered.setdefault(name, []).append((f"{module}.{name}", getattr(values, name)))
    found = {}
    for paths in offered.values():
        for path, value in paths:
            same = [other for other, its in paths if its is value]
            found[path] = min(same, key=lambda one: (one.count("."), len(one)))
    return found


def comment_of(name: Name) -> str | None:
    """Return what stands in ``#:`` comments above the assignment to a constant, or behind it.

    A public module only hands on, so it is looked for in all that have the very same object.
    """
    for path, module in sorted(sys.modules.items()):
        if not path.startswith(PACKAGES) or vars(module).get(name.name) is not name.value:
            continue
        text = Path(inspect.getsourcefile(module) or "").read_text(encoding="utf-8")
        found = _comments(text).get(name.name)
        if found:
            return found
    return None


def _comments(text: str) -> dict[str, str]:
    """Return the ``#:`` comments of a file's assignments at the left margin."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in text.splitlines():
        if line.startswith("#:"):
            above.append(line[2:].strip())
            continue
        target = re.match(r"(\w+(?:, \w+)*)\s*(?::[^=]+)?=", line)
        if target:
            words = above or re.findall(r"\s#: (.+)$", line)
            if words:
                found.update(dict.fromkeys(target[1].split(", "), " ".join(words)))
        above = []
    return found
