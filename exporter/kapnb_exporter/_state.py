"""State that a Handler keeps outside itself: in an object of the module, which it changes.

A snapshot does not hold it, and all groups share it. What is meant is what happens while points
come; a table that fills itself while the script is imported is as good as written down.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

from kapnb_exporter import _refusals
from kapnb_exporter._literals import allowed_lines
from kapnb_exporter._names import Read, changes
from kapnb_exporter._namespace import Namespace
from kapnb_exporter._statements import Statement

__all__ = ["check_state"]

#: Methods that run while their class, or one derived from it, is made.
_WHEN_MADE = ("__init_subclass__", "__set_name__", "__class_getitem__")


def check_state(space: Namespace, handler: Statement) -> None:
    """Refuse a Handler that changes an object of the module while it runs.

    Parameters
    ----------
    space : Namespace
        What binds which name.
    handler : Statement
        The Handler's class.

    Raises
    ------
    ExportError
        KN210 for the first such change.
    """
    for statement in _running(space, handler):
        first = statement.line - statement.comment_lines
        allowed = allowed_lines(statement.source, first, "KN210")
        places = set(changes(statement.node))
        for read in statement.names.reads:
            is_change = read.deferred and (read.name, read.line) in places
            if is_change and read.line not in allowed and _is_object(space, read):
                raise _refusals.changes_global(space.notebook, statement, read)


def _is_object(space: Namespace, read: Read) -> bool:
    """Whether the notebook itself makes what the name stands for; a module keeps its own state."""
    is_made = isinstance(space.binding(read.name), Statement)
    return is_made and not read.user.endswith(_WHEN_MADE)


def _running(space: Namespace, handler: Statement) -> Iterator[Statement]:
    """Yield the Handler, its bases, and what their functions look up when they are called."""
    seen, todo = {handler}, deque([handler])
    while todo:
        statement = todo.popleft()
        yield statement
        for read in statement.names.reads:
            found = space.binding(read.name)
            if not isinstance(found, Statement) or found in seen:
                continue
            if read.deferred or _is_base(statement, found) or not statement.is_definition:
                seen.add(found)
                todo.append(found)


def _is_base(statement: Statement, found: Statement) -> bool:
    return isinstance(statement.node, ast.ClassDef) and isinstance(found.node, ast.ClassDef)
