"""Whether a statement may stand in a script: each rule that one statement can break by itself."""

from __future__ import annotations

from kapnb_exporter import _policy, _refusals
from kapnb_exporter._kept import is_keeper
from kapnb_exporter._literals import find_machine_path, find_secret
from kapnb_exporter._names import first_await
from kapnb_exporter._namespace import Namespace
from kapnb_exporter._statements import Statement, Use
from kapnb_exporter._values import construct_of, data_origin

__all__ = ["check_path", "check_statement"]


def check_statement(space: Namespace, statement: Statement, use: Use | None) -> None:
    """Refuse a statement that cannot stand in a script.

    Parameters
    ----------
    space : Namespace
        What binds which name.
    statement : Statement
        The one to look at.
    use : Use or None
        Why it is needed; None for the Handler itself.

    Raises
    ------
    ExportError
        KN203, KN204, KN207, KN208, KN210, KN212, KN213, KN310 or KN311.
    """
    notebook = space.notebook
    if statement.magic_line is not None:
        raise _refusals.magic(notebook, statement, use)
    await_line = first_await(statement.node)
    if await_line is not None:
        raise _refusals.top_level_await(notebook, statement, use, await_line)
    construct = construct_of(statement.node)
    if construct and use:
        raise _refusals.bound_by_block(notebook, statement, use, construct)
    for write in statement.names.global_writes:
        raise _refusals.writes_global(notebook, statement, write)
    _check_values(space, statement, use)
    _check_literals(space, statement)


def check_path(space: Namespace, use: Use, path: str | None) -> None:
    """Refuse a look-up of what belongs to the notebook, or to the protocol.

    Raises
    ------
    ExportError
        KN206 or KN303.
    """
    if path is None:
        return
    if _policy.is_notebook_only(path):
        raise _refusals.notebook_only(space.notebook, use, path)
    if _policy.is_standard_stream(path):
        raise _refusals.standard_stream(space.notebook, use, path)


def _check_values(space: Namespace, statement: Statement, use: Use | None) -> None:
    if statement.kept is not None and statement.kept.fault:
        raise _refusals.unwritable(space.notebook, statement)
    for read in statement.names.reads:
        path = space.absolute(read.path)
        if statement.kept is None and is_keeper(path):
            assert path is not None
            raise _refusals.misplaced_keeper(space.notebook, Use(statement, read), path)
        if use and not read.deferred and path is not None and _policy.is_user_input(path):
            raise _refusals.user_input(space.notebook, statement, use, read)
    origin = data_origin(space, statement)
    if origin:
        raise _refusals.notebook_data(space.notebook, statement, use, origin)


def _check_literals(space: Namespace, statement: Statement) -> None:
    if statement.kept is not None:  # its literals stay behind
        return
    notebook, source = space.notebook, statement.source
    first = statement.line - statement.comment_lines
    found = find_secret(statement.node, source, first)
    if found:
        raise _refusals.secret(notebook, statement, *found)
    found = find_machine_path(statement.node, source, first, notebook.path.parent)
    if found:
        raise _refusals.machine_path(notebook, statement, *found)
