"""``%%udf``: run a cell, then check at once that it defines one Handler to export.

A convenience that the exporter unwraps: whatever a cell means with it, it means with ``@udf``
above the class as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from kapnb.errors import HandlerError
from kapnb.handler import Handler, udf

__all__ = ["run_udf_cell"]


def run_udf_cell(shell: Any, line: str, cell: str) -> None:
    """Run a cell's body in the user's namespace and mark the Handler it defines.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's shell.
    line : str
        What stands behind ``%%udf``; nothing may.
    cell : str
        The cell without its first line.

    Raises
    ------
    HandlerError
        If the cell does not define exactly one Handler, or one marked among several.
    """
    if line.strip():
        raise HandlerError(f"%%udf takes nothing behind it, but there is {line.strip()!r}")
    source = _numbered_as_shown(cell, shell.transform_cell(cell))
    number = len(shell.user_ns.get("In", ())) - 1  # execution_count is a step ahead
    name = shell.compile.cache(f"%%udf{source}", number)
    tree = ast.parse(source, name)
    code = compile(shell.transform_ast(tree), name, "exec")
    exec(code, shell.user_ns)  # noqa: S102
    _mark(tree, shell.user_ns, name)


def _numbered_as_shown(cell: str, source: str) -> str:
    """Put back the lines that a cell shows above its code: the magic's, and empty ones."""
    lines = cell.splitlines()
    empty = next((number for number, text in enumerate(lines) if text.strip()), 0)
    return "\n" * (1 + empty) + source


def _mark(tree: ast.Module, namespace: Mapping[str, Any], name: str) -> None:
    """Mark the one Handler of a cell, or raise at the line where the trouble shows."""
    handlers = list(_handlers(tree, namespace))
    marked = [found for found in handlers if vars(found[1]).get("is_udf")]
    found = marked or handlers
    if len(found) == 1:
        udf(found[0][1])
    elif found:
        names = ", ".join(cls.__name__ for _, cls in found)
        remedy = "keep one @udf" if marked else "put @udf above the one to export"
        _raise_at(found[1][0], name, f"%%udf: {len(found)} Handlers in a cell ({names}); {remedy}")
    else:
        _raise_at(
            max((statement.lineno for statement in tree.body), default=1),
            name,
            "%%udf: this cell defines no class that derives from kapnb.Handler",
        )


def _handlers(
    tree: ast.Module, namespace: Mapping[str, Any]
) -> Iterator[tuple[int, type[Handler]]]:
    """Yield line and class of the Handlers that the cell's own class statements define."""
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            value = namespace.get(statement.name)
            if isinstance(value, type) and issubclass(value, Handler):
                yield statement.lineno, value


def _raise_at(line: int, name: str, text: str) -> NoReturn:
    """Raise a HandlerError from a line of the cell, so that a traceback shows that line."""
    code = compile("\n" * (line - 1) + "raise error", name, "exec")
    exec(code, {"error": HandlerError(text)})  # noqa: S102
    raise AssertionError  # pragma: no cover
