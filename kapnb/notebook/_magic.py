"""``%%udf``: run a cell, then check at once the one Handler to export that it defines.

A convenience that the exporter unwraps: whatever a cell means with it, it means with ``@udf``
above the class as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from kapnb.errors import HandlerError, KapnbError
from kapnb.handler import Handler, udf
from kapnb.notebook._definition import problems_of

__all__ = ["raise_at", "run_udf_cell"]


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
    __tracebackhide__ = True  # IPython leaves us out of errors of the cell's own
    if line.strip():
        raise HandlerError(f"%%udf takes nothing behind it, but there is {line.strip()!r}")
    source = _numbered_as_shown(cell, shell.transform_cell(cell))
    number = len(shell.user_ns.get("In", ())) - 1  # execution_count is a step ahead
    name = shell.compile.cache(f"%%udf{source}", number)
    tree = ast.parse(source, name)
    code = compile(shell.transform_ast(tree), name, "exec")
    exec(code, shell.user_ns)  # noqa: S102
    _check(*_mark(tree, shell.user_ns, name), name)


def _numbered_as_shown(cell: str, source: str) -> str:
    """Put back the lines that a cell shows above its code: the magic's, and empty ones."""
    lines = cell.splitlines()
    empty = next((number for number, text in enumerate(lines) if text.strip()), 0)
    return "\n" * (1 + empty) + source


def _check(statement: ast.ClassDef, handler: type[Handler], name: str) -> None:
    """Raise at the first line where something cannot be meant; the text tells of all."""
    problems = problems_of(handler, statement)
    if problems:
        first, *others = problems
        raise_at(first.line, name, HandlerError("\n".join((first.text, *map(str, others)))))
    from kapnb.simulation._node import UdfNode

    try:  # as Kapacitor does, which starts it to ask what it declares
        UdfNode(handler, task_id="task", node_id=handler.__name__).ask_info()
    except KapnbError as error:
        raise_at(statement.lineno, name, error)


def _mark(
    tree: ast.Module, namespace: Mapping[str, Any], name: str
) -> tuple[ast.ClassDef, type[Handler]]:
    """Mark the one Handler of a cell, or raise at the line where the trouble shows."""
    handlers = list(_handlers(tree, namespace))
    marked = [found for found in handlers if vars(found[1]).get("is_udf")]
    found = marked or handlers
    if not found:
        last = max((statement.lineno for statement in tree.body), default=1)
        text = "%%udf: this cell defines no class that derives from kapnb.Handler"
        raise_at(last, name, HandlerError(text))
    if len(found) > 1:
        names = ", ".join(cls.__name__ for _, cls in found)
        remedy = "keep one @udf" if marked else "put @udf above the one to export"
        text = f"%%udf: {len(found)} Handlers in a cell ({names}); {remedy}"
        raise_at(found[1][0].lineno, name, HandlerError(text))
    statement, handler = found[0]
    udf(handler)
    return statement, handler


def _handlers(
    tree: ast.Module, namespace: Mapping[str, Any]
) -> Iterator[tuple[ast.ClassDef, type[Handler]]]:
    """Yield statement and class of the Handlers that the cell's own class statements define."""
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            value = namespace.get(statement.name)
            if isinstance(value, type) and issubclass(value, Handler):
                yield statement, value


def raise_at(line: int, name: str, error: Exception) -> NoReturn:
    """Raise an error from a line of the cell, so that a traceback shows that line."""
    code = compile("\n" * (line - 1) + "raise error", name, "exec")
    exec(code, {"error": error})  # noqa: S102
    raise AssertionError  # pragma: no cover
