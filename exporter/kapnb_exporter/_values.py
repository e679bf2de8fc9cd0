"""Whether a value can be made again in production from its defining statement.

A value travels as its expression and is computed anew by the script. So the expression
may use literals, builtins, the standard library, installed packages, and names of the
notebook for which the same holds. It may not *call* what brings the analyst's data, such
as ``pandas.read_csv``: neither itself, nor through a value it uses, nor through a
function it calls. What a function does when production calls it is the function's affair.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kapnb_exporter._names import Read
from kapnb_exporter._namespace import Namespace
from kapnb_exporter._policy import is_data
from kapnb_exporter._statements import Statement, Use

__all__ = ["Origin", "construct_of", "data_origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """How notebook data comes into a statement.

    Parameters
    ----------
    entry : Read
        The look-up in the statement itself.
    call : Use
        The call that brings the data, there or further away.
    path : str
        What is called, such as ``pandas.read_csv``.
    """

    entry: Read
    call: Use
    path: str


_CONSTRUCTS = {
    ast.For: "a for loop",
    ast.AsyncFor: "a for loop",
    ast.While: "a while loop",
    ast.With: "a with block",
    ast.AsyncWith: "a with block",
    ast.Match: "a match block",
    ast.Try: "a try block that does more than define names",
    ast.TryStar: "a try block that does more than define names",
    ast.If: "an if block that does more than define names",
    ast.Expr: "an assignment expression",
}


def data_origin(space: Namespace, statement: Statement) -> Origin | None:
    """Find what brings notebook data into a statement when it runs, if anything does."""
    return _origin(space, statement, called=False, seen=set())


def _origin(
    space: Namespace, statement: Statement, *, called: bool, seen: set[Statement]
) -> Origin | None:
    seen.add(statement)
    for read in _reads_when_run(statement, called=called):
        path = read.path if read in statement.names.imported else space.absolute(read.path)
        if path is not None:
            if read.called and is_data(path):
                return Origin(read, Use(statement, read), path)
            continue
        source = space.binding(read.name)
        if isinstance(source, Statement) and source not in seen and _runs(source, read):
            found = _origin(space, source, called=read.called, seen=seen)
            if found:
                return replace(found, entry=read)
    return None


def _reads_when_run(statement: Statement, *, called: bool) -> Iterator[Read]:
    """Yield what a statement looks up when it runs, or is called, in the notebook."""
    for read in (*statement.names.reads, *statement.names.imported):
        if called or not read.deferred:
            yield read


def _runs(source: Statement, read: Read) -> bool:
    """Whether looking a name up brings in what its definition computed."""
    return not source.is_definition or (source.is_function and read.called)


def construct_of(node: ast.stmt) -> str | None:
    """Name the construct, if a statement does more than define names."""
    return None if _only_defines(node) else _CONSTRUCTS.get(type(node), "a statement")


def _only_defines(node: ast.stmt) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return True
        case ast.Assign(targets=targets):
            return all(_is_plain_target(target) for target in targets)
        case ast.AnnAssign(target=target):
            return _is_plain_target(target)
        case ast.If(body=body, orelse=orelse):
            return all(_fits_in_block(inner) for inner in (*body, *orelse))
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            caught = [inner for handler in handlers for inner in handler.body]
            return all(_fits_in_block(inner) for inner in (*body, *caught, *orelse, *final))
        case _:
            return type(node).__name__ == "TypeAlias"  # Python 3.12


def _fits_in_block(node: ast.stmt) -> bool:
    """Whether a statement may stand in a conditional definition."""
    incidental = ast.Import | ast.ImportFrom | ast.Pass | ast.Expr | ast.Raise
    return isinstance(node, incidental) or _only_defines(node)


def _is_plain_target(node: ast.expr) -> bool:
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return all(_is_plain_target(part) for part in parts)
        case ast.Starred(value=value):
            return _is_plain_target(value)
        case _:
            return isinstance(node, ast.Name)
