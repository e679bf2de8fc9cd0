"""Import aliases one by one: found in cells, written again sorted and grouped.

Imports are the one thing a script does not copy: only the aliases it needs travel.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kapnb_exporter._names import imported_path

__all__ = ["Import", "aliases_of", "render_imports"]

_LINE_LENGTH = 88  # the default of the linters that may look at the script


@dataclass(frozen=True, slots=True)
class Import:
    """One alias of an import statement.

    Parameters
    ----------
    cell, line : int
        Where it stands.
    module : str
        The module, with leading dots if it is relative.
    member : str or None
        What is taken from it; None for ``import module``.
    asname : str or None
        The name after ``as``.
    name : str
        The name it binds.
    path : str
        The absolute path behind that name, such as ``matplotlib.pyplot``.
    """

    cell: int
    line: int
    module: str
    member: str | None
    asname: str | None
    name: str
    path: str

    @property
    def package(self) -> str:
        """The top-level package; empty for a relative import."""
        return self.module.partition(".")[0]

    @property
    def fingerprint(self) -> str:
        """Equal for imports that bind the same thing."""
        return self.path


def aliases_of(cell: int, node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    """Split an import statement into its aliases."""
    for alias in node.names:
        name, path = imported_path(node, alias)
        if isinstance(node, ast.ImportFrom):
            module, member = "." * node.level + (node.module or ""), alias.name
            yield Import(cell, node.lineno, module, member, alias.asname, name, path)
        else:
            yield Import(cell, node.lineno, alias.name, None, alias.asname, name, path)


def render_imports(imports: Iterable[Import]) -> str:
    """Write imports as one sorted block: standard library, then all others."""
    groups: dict[int, set[Import]] = {}
    for item in imports:
        groups.setdefault(_group(item), set()).add(item)
    return "\n\n".join("\n".join(_group_lines(groups[key])) for key in sorted(groups))


def _group(item: Import) -> int:
    return 0 if item.package in sys.stdlib_module_names else 1


def _group_lines(imports: set[Import]) -> Iterator[str]:
    plain = {(item.module, item.asname) for item in imports if item.member is None}
    for module, asname in sorted(plain, key=lambda pair: (pair[0], pair[1] or "")):
        yield f"import {module}" + _as(module, asname)
    members: dict[str, set[tuple[str, str | None]]] = {}
    for item in imports:
        if item.member is not None:
            members.setdefault(item.module, set()).add((item.member, item.asname))
    for module in sorted(members):
        yield from _from_lines(module, members[module])


def _from_lines(module: str, members: set[tuple[str, str | None]]) -> list[str]:
    """Join bare members in one statement and give each renamed one its own, as isort does."""
    bare = sorted({m for m, asname in members if asname in (None, m)}, key=_member_order)
    statements = [(m, [m + _as(m, asname)]) for m, asname in members if asname not in (None, m)]
    if bare:
        statements.append((bare[0], bare))
    statements.sort(key=lambda statement: (_member_order(statement[0]), statement[1]))
    return [_from_line(module, names) for _, names in statements]


def _from_line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= _LINE_LENGTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])


def _member_order(name: str) -> tuple[int, str]:
    """Sort constants first, then classes, then functions."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1, name) if name[:1].isupper() else (2, name)


def _as(name: str, asname: str | None) -> str:
    return f" as {asname}" if asname not in (None, name) else ""
