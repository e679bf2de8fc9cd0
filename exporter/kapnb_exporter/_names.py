"""What a statement does with names: the words for it, and what needs no scopes.

Who binds and who reads is worked out by ``_scopes``; what may be exported is no matter
of either.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "Names",
    "Read",
    "changed_globals",
    "changes",
    "dotted_path",
    "first_await",
    "imported_path",
    "mutations",
]

#: Methods that change in place what they belong to: those of the built-in containers first.
_MUTATORS = frozenset(
    {
        *("append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear"),
        *("popitem", "setdefault", "update"),
        *("add", "discard", "difference_update", "intersection_update"),
        "symmetric_difference_update",
        *("appendleft", "extendleft", "popleft", "rotate"),
        # Of models and arrays.
        *("fill", "fit", "fit_predict", "fit_transform", "load_model", "load_state_dict"),
        *("load_weights", "partial_fit", "set_params"),
    }
)

#: Functions that change their first argument in place.
_CHANGE_ARGUMENT = frozenset(
    {
        *("setattr", "delattr", "random.shuffle", "bisect.insort"),
        *("heapq.heapify", "heapq.heappop", "heapq.heappush", "heapq.heappushpop"),
    }
)


@dataclass(frozen=True, slots=True)
class Read:
    """One look-up of a name.

    Parameters
    ----------
    path : str
        The name and the attributes taken from it at once, such as ``pd.read_csv``.
    line : int
        The line in the cell.
    user : str
        The function or class it stands in, such as ``MovingAverage.point``; empty at
        top level.
    called : bool
        Whether it is called, or decorates something, right there.
    deferred : bool
        Whether it stands in a function's body and so is not looked up before a call.
    in_annotation : bool
        Whether it stands in an annotation, or is an import that only type checkers see.
    """

    path: str
    line: int
    user: str
    called: bool = False
    deferred: bool = False
    in_annotation: bool = False

    @property
    def name(self) -> str:
        """The name itself, without attributes."""
        return self.path.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Names:
    """What one top-level statement does with names.

    Parameters
    ----------
    binds : tuple of str
        Names it binds in module scope.
    reads : tuple of Read
        Look-ups in module scope, from whatever depth, by line.
    imported : tuple of Read
        What its inner imports bring and what is taken from that, as absolute paths.
    global_writes : tuple of Read
        Names that a function in it declares global and binds.
    """

    binds: tuple[str, ...]
    reads: tuple[Read, ...]
    imported: tuple[Read, ...]
    global_writes: tuple[Read, ...]


def dotted_path(node: ast.expr) -> str | None:
    """Give ``a.b.c`` for a chain of attributes on a name, otherwise None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted_path(node.value)
        return base and f"{base}.{node.attr}"
    return None


def imported_path(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> tuple[str, str]:
    """Say what an import alias binds: the name and the absolute path behind it."""
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        separator = "" if module.endswith(".") else "."
        return alias.asname or alias.name, f"{module}{separator}{alias.name}"
    if alias.asname:
        return alias.asname, alias.name
    package = alias.name.partition(".")[0]
    return package, package


def mutations(node: ast.stmt) -> Iterator[tuple[str, int]]:
    """Name the objects that a statement changes in place when it runs, with the line.

    Bodies of functions and classes are left out: they do nothing until they are called.
    """
    for part in _running_now(node):
        target = _changed_in_place(part)
        root = target and _root(target)
        if target and root:
            yield root, target.lineno


def changes(node: ast.stmt) -> Iterator[tuple[str, int]]:
    """Name what a statement changes in place at whatever time, bodies of functions included."""
    for part in ast.walk(node):
        target = _changed_in_place(part)
        root = target and _root(target)
        if target and root:
            yield root, target.lineno


def changed_globals(function: ast.stmt) -> Iterator[str]:
    """Name the objects, not its own, that a function changes in place when it is called."""
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    parameters = {part.arg for part in ast.walk(function.args) if isinstance(part, ast.arg)}
    bound = {
        part.id
        for part in ast.walk(function)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    for inner in function.body:
        for name, _ in mutations(inner):
            if name not in parameters and name not in bound:
                yield name


def first_await(node: ast.stmt) -> int | None:
    """Give the line of the first ``await`` outside every function, if there is one."""
    for part in _running_now(node):
        if isinstance(part, ast.Await):
            return part.lineno
        if isinstance(part, ast.comprehension) and part.is_async:
            return part.target.lineno
    return None


def _changed_in_place(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.AugAssign(target=target):
            return target
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _MUTATORS:
            return value
        case ast.Call(func=func, args=[first, *_]) if dotted_path(func) in _CHANGE_ARGUMENT:
            return first
        case (
            ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del())
        ):
            return node
        case ast.Name(ctx=ast.Del()):
            return node
    return None


def _running_now(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    for child in ast.iter_child_nodes(node):
        yield from _running_now(child)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
