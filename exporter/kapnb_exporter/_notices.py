"""What a person should know of a closure that is no reason to refuse it (KN304, KN305)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kapnb_exporter import _policy
from kapnb_exporter._closure import Closure
from kapnb_exporter._imports import Import
from kapnb_exporter._names import Read
from kapnb_exporter._namespace import Namespace
from kapnb_exporter._statements import Statement

__all__ = ["notices", "volatile_calls"]


def notices(closure: Closure, space: Namespace, modules: Iterable[str]) -> Iterator[str]:
    """Yield a sentence about each thing.

    Parameters
    ----------
    closure : Closure
        What the script is made of.
    space : Namespace
        What binds which name.
    modules : iterable of str
        What it imports, artifacts and modules that come along included.
    """
    heavy = sorted({m.partition(".")[0] for m in modules} & _policy.HEAVY)
    if heavy:
        yield (
            f"KN304: importing {', '.join(heavy)} takes its time at every start, and Kapacitor "
            "starts a UDF when it comes up itself and for each task; the proof's `init` says how "
            "long that is here"
        )
    seen = {
        (s.cell, read.line, what) for s in closure.statements for read, what in _blind(space, s)
    }
    for cell, line, what in sorted(seen):
        yield (
            f"{closure.notebook.where(cell, line)}: KN305: {what}: a name that is only made up "
            "there was not followed; see that the script has it"
        )


def volatile_calls(closure: Closure, space: Namespace) -> tuple[str, ...]:
    """Return the places where the clock, chance or the process decide what comes of it."""
    found = {
        (statement.cell, read.line, path)
        for statement in closure.statements
        for read in statement.names.reads
        if read.called and (path := space.absolute(read.path)) and _policy.is_volatile(path)
    }
    return tuple(f"{path} (cell {cell}, line {line})" for cell, line, path in sorted(found))


def _blind(space: Namespace, statement: Statement) -> Iterator[tuple[Read, str]]:
    """Yield the look-ups behind which names are made up while the script runs."""
    for read in statement.names.reads:
        path = space.absolute(read.path)
        if path in _policy.BLIND:
            yield read, f"`{path}`"
    modules = {
        name
        for name in {read.name for read in statement.names.reads}
        if isinstance(found := space.binding(name), Import) and found.member is None
    }
    for line, name in statement.looks_up:
        if name in modules:
            yield Read(name, line, ""), f"`getattr({name}, …)`"
