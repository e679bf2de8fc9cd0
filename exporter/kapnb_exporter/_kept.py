"""Values that the notebook computes and the script is given: `freeze` and `artifact`.

Such a statement travels, but not what its value was computed from. Only its shape is decided
here; the value itself comes from running the notebook.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace

from kapnb._freeze import literal
from kapnb_exporter._names import Names, dotted_path
from kapnb_exporter._scopes import names_of
from kapnb_exporter._statements import Kept, Statement

__all__ = ["Values", "as_kept", "head_of", "is_keeper", "kept_source"]

FREEZE, ARTIFACT = "kapnb.freeze", "kapnb.artifact"

#: Resolves a path through the notebook's imports.
Resolve = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Values:
    """What running the notebook gave.

    Parameters
    ----------
    frozen : dict of str to str
        Name → value, as Python writes it.
    hashes : dict of str to str
        Artifact's file → SHA-256 of its content.
    """

    frozen: dict[str, str]
    hashes: dict[str, str]


def is_keeper(path: str | None) -> bool:
    """Whether the path is `kapnb.freeze` or `kapnb.artifact`."""
    return path in (FREEZE, ARTIFACT)


def as_kept(statement: Statement, absolute: Resolve) -> Statement:
    """Return the statement as it travels; itself, if it keeps no value."""
    found = _call(statement.node)
    if found is None:
        return statement
    name, annotation, call = found
    path = dotted_path(call.func)
    absolute_path = path and absolute(path)
    if not is_keeper(absolute_path):
        return statement
    kept = Kept(name, call, annotation, None)
    if absolute_path == ARTIFACT:
        file = _file(call)
        fault = "" if file else "its first argument must be the file's name as a literal"
        kept = replace(kept, file=file, loader=_loader(call), fault=fault)
    return replace(statement, kept=kept, names=_names(statement, kept))


def _call(node: ast.stmt) -> tuple[str, ast.expr | None, ast.Call] | None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
            return name, None, call
        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.Call() as call):
            return name, kind, call
    return None


def _file(call: ast.Call) -> str | None:
    match call.args[:1]:
        case [ast.Constant(value=str(file))]:
            return file
    return None


def _loader(call: ast.Call) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == "load"), None)


def _names(statement: Statement, kept: Kept) -> Names:
    """Leave of the look-ups those that the script has, too."""
    reads = [read for read in statement.names.reads if read.in_annotation]
    if kept.file is not None:
        whole = ast.Expr(ast.Call(kept.call.func, [kept.loader] if kept.loader else [], []))
        reads += names_of(ast.copy_location(whole, kept.call)).reads
    return replace(statement.names, reads=tuple(reads), imported=(), global_writes=())


def head_of(kept: Kept) -> str:
    """Write what stands left of the value."""
    annotation = "" if kept.annotation is None else f": {ast.unparse(kept.annotation)}"
    return f"{kept.name}{annotation} = "


def kept_source(statement: Statement, values: Values) -> str:
    """Write a statement that keeps a value, with the comments above it and where it is from."""
    kept = statement.kept
    assert kept is not None
    lines = statement.source.split("\n")[: statement.comment_lines]
    head = head_of(kept)
    if kept.file is None:
        value = next(iter([*kept.call.args, *(word.value for word in kept.call.keywords)]))
        made = _short(" ".join(ast.unparse(value).split()))
        lines.append(f"# computed in the notebook: {made}")
        lines.append(head + values.frozen[kept.name])
        return "\n".join(lines)
    lines.append(f"{head}{ast.unparse(kept.call.func)}(")
    lines.append(f"    {literal(kept.file)},")
    if kept.loader is not None:
        lines.append(f"    load={ast.unparse(kept.loader)},")
    lines.append(f'    sha256="{values.hashes[kept.file]}",')
    return "\n".join([*lines, ")"])


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
