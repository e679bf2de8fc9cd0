"""The notebook's module scope: every name, and each statement or import that binds it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from kapnb_exporter._imports import Import, aliases_of
from kapnb_exporter._kept import as_kept
from kapnb_exporter._notebook import Notebook
from kapnb_exporter._statements import Statement, Unread, read_cell

__all__ = ["Binding", "Namespace", "fingerprint", "read_namespace"]

Binding = Statement | Import


@dataclass(slots=True)
class Namespace:
    """What all cells together define.

    Parameters
    ----------
    notebook : Notebook
        The notebook.
    statements : list of Statement
        Every statement that is not an import, in notebook order.
    binders : dict
        For each name, what binds it, in notebook order.
    stars, futures : list of Import
        ``from module import *`` and ``from __future__ import …``.
    unread : list of Unread
        The cells that could not be read.
    """

    notebook: Notebook
    statements: list[Statement] = field(default_factory=list)
    binders: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[Import] = field(default_factory=list)
    futures: list[Import] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def binding(self, name: str) -> Binding | None:
        """Give what binds the name first, if anything does."""
        return next(iter(self.binders.get(name, ())), None)

    def absolute(self, path: str) -> str | None:
        """Resolve a path through the imports; None if the notebook itself binds its root.

        A root that nothing binds is a builtin's name, or wrong, and is left as it is.
        """
        root, _, rest = path.partition(".")
        binding = self.binding(root)
        if isinstance(binding, Statement):
            return None
        base = root if binding is None else binding.path
        return f"{base}.{rest}" if rest else base


def read_namespace(notebook: Notebook) -> Namespace:
    """Read every cell of a notebook."""
    space = Namespace(notebook)
    for cell in notebook.cells:
        content = read_cell(cell)
        if isinstance(content, Unread):
            space.unread.append(content)
        else:
            _add(space, content)
    _find_kept(space)
    return space


def _find_kept(space: Namespace) -> None:
    """Put what travels in place of each statement that keeps a value; all imports are known."""
    for index, statement in enumerate(space.statements):
        kept = as_kept(statement, space.absolute)
        if kept is not statement:
            space.statements[index] = kept
            for name in kept.names.binds:
                bindings = space.binders[name]
                bindings[bindings.index(statement)] = kept


def fingerprint(binding: Binding) -> str:
    """Equal for bindings that say the same, whatever their place, spacing and comments."""
    return binding.fingerprint if isinstance(binding, Import) else ast.dump(binding.node)


def _add(space: Namespace, statements: Sequence[Statement]) -> None:
    for statement in statements:
        if isinstance(statement.node, ast.Import | ast.ImportFrom):
            for item in aliases_of(statement.cell, statement.node):
                _add_import(space, item)
        else:
            space.statements.append(statement)
            for name in statement.names.binds:
                space.binders.setdefault(name, []).append(statement)


def _add_import(space: Namespace, item: Import) -> None:
    if item.module == "__future__":
        space.futures.append(item)
    elif item.member == "*":
        space.stars.append(item)
    else:
        space.binders.setdefault(item.name, []).append(item)
