"""Which class of the notebook is the Handler to export."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kapnb_exporter import _refusals
from kapnb_exporter._names import dotted_path
from kapnb_exporter._namespace import Namespace, read_namespace
from kapnb_exporter._notebook import Cell, Notebook
from kapnb_exporter._statements import Statement, is_marked

__all__ = ["Marked", "find_handler", "find_handlers"]


@dataclass(frozen=True, slots=True)
class Marked:
    """The Handler to export.

    Parameters
    ----------
    name : str
        The class's name.
    cell, line : int
        Where it stands.
    """

    name: str
    cell: int
    line: int


def find_handler(notebook: Notebook, name: str | None = None) -> Marked:
    r"""Find the class that ``@udf``, ``#| udf`` or the cell tag ``udf`` marks.

    Parameters
    ----------
    notebook : Notebook
        The notebook.
    name : str, optional
        The one to take when several are marked.

    Returns
    -------
    Marked
        The Handler's class.

    Raises
    ------
    ExportError
        KN101 if none is marked, KN102 if it remains open which one is meant.

    Examples
    --------
    >>> from pathlib import Path
    >>> from kapnb_exporter._notebook import Cell
    >>> source = "from kapnb import Handler, udf\n@udf\nclass Mean(Handler): pass"
    >>> find_handler(Notebook(Path("mean.ipynb"), (Cell(1, source),)))
    Marked(name='Mean', cell=1, line=2)
    """
    space = read_namespace(notebook)
    marks = _marks(space)
    if name is None and len(marks) > 1:
        raise _refusals.several_marked(notebook, _listed(marks))
    try:
        return marks[name or next(iter(marks))]
    except (KeyError, StopIteration):
        raise _refusals.none_marked(notebook, space.unread, name, _listed(marks)) from None


def find_handlers(notebook: Notebook) -> tuple[Marked, ...]:
    """Find all classes that are marked, in the notebook's order.

    Parameters
    ----------
    notebook : Notebook
        The notebook.

    Raises
    ------
    ExportError
        KN101 if none is marked, KN102 if a mark leaves open which class it means.
    """
    space = read_namespace(notebook)
    marks = _marks(space)
    if not marks:
        raise _refusals.none_marked(notebook, space.unread, None, "")
    return tuple(marks.values())


def _marks(space: Namespace) -> dict[str, Marked]:
    marks: dict[str, Marked] = {}
    for statement in _marked(space):
        marked = Marked(statement.title, statement.cell, statement.line)
        marks.setdefault(marked.name, marked)
    return marks


def _listed(marks: Mapping[str, Marked]) -> str:
    return ", ".join(f"{mark.name} (cell {mark.cell})" for mark in marks.values())


def _marked(space: Namespace) -> Iterator[Statement]:
    for cell in space.notebook.cells:
        statements = [s for s in space.statements if s.cell == cell.number]
        decorated = [s for s in statements if _has_marker(space, s)]
        for statement in decorated:
            if statement.is_function:
                raise _refusals.marked_function(space.notebook, statement)
        if decorated:
            yield from decorated
        elif is_marked(cell):
            yield _only_handler(space, cell, statements)


def _has_marker(space: Namespace, statement: Statement) -> bool:
    decorators: list[ast.expr] = getattr(statement.node, "decorator_list", [])
    return any(_is_marker(space, decorator) for decorator in decorators)


def _is_marker(space: Namespace, decorator: ast.expr) -> bool:
    """Whether it is kapnb's ``udf``, under whatever name the notebook gave it."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    path = dotted_path(node)
    absolute = path and space.absolute(path)
    return absolute is not None and _is_of_kapnb(absolute, "udf")


def _is_of_kapnb(path: str, name: str) -> bool:
    """Whether the path is kapnb's object of that name, from whichever of its modules.

    A bare name that nothing binds counts too: that its import is missing, or a star, is
    then said by the closure.
    """
    parts = path.split(".")
    return path == name or (parts[0] == "kapnb" and parts[-1] == name)


def _only_handler(space: Namespace, cell: Cell, statements: list[Statement]) -> Statement:
    """Take a marked cell's single class, or the single Handler among several."""
    classes = [s for s in statements if isinstance(s.node, ast.ClassDef)]
    if not classes:
        unread = next((item for item in space.unread if item.cell == cell.number), None)
        raise _refusals.no_class_in_marked_cell(space.notebook, cell.number, unread)
    handlers = [s for s in classes if _is_handler(space, s, seen=set())]
    for choice in (classes, handlers):
        if len(choice) == 1:
            return choice[0]
    raise _refusals.ambiguous_cell(space.notebook, classes)


def _is_handler(space: Namespace, statement: Statement, seen: set[Statement]) -> bool:
    """Whether a class derives from kapnb's Handler, through other cells' classes too."""
    if statement in seen or not isinstance(statement.node, ast.ClassDef):
        return False
    seen.add(statement)
    for path in filter(None, map(dotted_path, statement.node.bases)):
        absolute = space.absolute(path)
        if absolute and _is_of_kapnb(absolute, "Handler"):
            return True
        base = space.binding(path)
        if isinstance(base, Statement) and _is_handler(space, base, seen):
            return True
    return False
