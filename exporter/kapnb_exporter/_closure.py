"""What a Handler needs: the statements and imports that its script is made of.

The closure is taken statement by statement, never cell by cell: it starts at the
Handler's class, follows every name looked up in module scope to what binds it, and either
keeps that whole or refuses. Nothing is executed and nothing is guessed.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import inspect
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from kapnb_exporter import _policy, _refusals
from kapnb_exporter._imports import Import
from kapnb_exporter._names import first_await, mutations
from kapnb_exporter._namespace import Binding, Namespace, fingerprint, read_namespace
from kapnb_exporter._notebook import Cell, Notebook
from kapnb_exporter._order import in_running_order
from kapnb_exporter._select import Marked
from kapnb_exporter._statements import Statement, Use
from kapnb_exporter._values import construct_of, data_origin

__all__ = ["Closure", "check_script_name", "close"]


@dataclass(frozen=True, slots=True)
class Closure:
    """A Handler and all it needs.

    Parameters
    ----------
    notebook : Notebook
        Where it comes from.
    handler : str
        The Handler's name.
    summary : str
        The first line of the Handler's docstring; empty if it has none.
    imports : tuple of Import
        The aliases needed, in notebook order.
    statements : tuple of Statement
        The statements needed, in an order in which they run.
    """

    notebook: Notebook
    handler: str
    summary: str
    imports: tuple[Import, ...]
    statements: tuple[Statement, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that contribute, in notebook order."""
        numbers = {item.cell for item in self.imports} | {s.cell for s in self.statements}
        return tuple(cell for cell in self.notebook.cells if cell.number in numbers)

    @property
    def names(self) -> frozenset[str]:
        """Names that the script defines or imports at top level."""
        bound = (name for s in self.statements for name in s.names.binds)
        return frozenset([*(item.name for item in self.imports), *bound])

    @property
    def packages(self) -> frozenset[str]:
        """Top-level packages imported anywhere in the script."""
        inner = (read.name for s in self.statements for read in s.names.imported)
        return frozenset([*(item.package for item in self.imports), *inner])

    @property
    def sha256(self) -> str:
        """Digest of the contributing cells' sources, each ended by a null byte."""
        digest = hashlib.sha256()
        for cell in self.cells:
            digest.update(cell.source.encode() + b"\0")
        return digest.hexdigest()


def close(notebook: Notebook, marked: Marked) -> Closure:
    """Compute what a Handler needs.

    Parameters
    ----------
    notebook : Notebook
        The notebook.
    marked : Marked
        The Handler, as `find_handler` gives it.

    Returns
    -------
    Closure
        Statements and imports, ready to be rendered.

    Raises
    ------
    ExportError
        KN201 to KN211, KN301 and KN303: the first thing met that a script cannot have.
    """
    space = read_namespace(notebook)
    follower = _Follower(space)
    follower.follow(marked.name)
    statements = follower.statements
    _check_unchanged(space, statements)
    handler = next(s for s in statements if marked.name in s.names.binds)
    assert isinstance(handler.node, ast.ClassDef)
    docstring = ast.get_docstring(handler.node) or ""
    return Closure(
        notebook=notebook,
        handler=marked.name,
        summary=inspect.cleandoc(docstring).partition("\n")[0].strip(),
        imports=(*space.futures, *follower.imports),
        statements=in_running_order(space, statements),
    )


def check_script_name(closure: Closure, file_name: str) -> None:
    """Refuse (KN302) a script name that would hide a module from the script's imports.

    Parameters
    ----------
    closure : Closure
        What the script is made of.
    file_name : str
        The script's file name, such as ``moving_average.py``.
    """
    module = file_name.partition(".")[0]
    is_stdlib = module in sys.stdlib_module_names
    if is_stdlib or module in closure.packages | {"google", "kapnb"}:
        raise _refusals.shadowing_name(file_name, module, is_stdlib=is_stdlib)


class _Follower:
    """A walk from the Handler along names to everything it needs."""

    def __init__(self, space: Namespace) -> None:
        self._space = space
        self._notebook = space.notebook
        self._names: set[str] = set()
        self._kept: dict[Statement, None] = {}
        self._imports: dict[tuple[str, str | None, str | None], Import] = {}
        self._queue: deque[tuple[Statement, Use | None]] = deque()

    @property
    def statements(self) -> list[Statement]:
        """What was kept, in notebook order."""
        return [s for s in self._space.statements if s in self._kept]

    @property
    def imports(self) -> list[Import]:
        """The aliases kept, in notebook order."""
        return sorted(self._imports.values(), key=lambda item: (item.cell, item.line))

    def follow(self, handler: str) -> None:
        """Keep the Handler and all it needs, nearest first."""
        self._need(handler, None)
        while self._queue:
            statement, use = self._queue.popleft()
            self._check(statement, use)
            for read in statement.names.reads:
                self._follow_read(Use(statement, read))

    def _follow_read(self, use: Use) -> None:
        name = use.read.name
        if name in self._space.binders:
            self._need(name, use)
        elif _policy.is_ipython_name(name):
            raise _refusals.ipython_only(self._notebook, use)
        elif not hasattr(builtins, name):
            raise self._unbound(use)
        self._check_path(use, self._space.absolute(use.read.path))

    def _need(self, name: str, use: Use | None) -> None:
        """Keep what binds a name; all of it must say the same."""
        if name in self._names:
            return
        self._names.add(name)
        bindings = self._space.binders[name]
        if len({fingerprint(binding) for binding in bindings}) > 1:
            raise _refusals.redefined(self._notebook, name, bindings)
        for binding in bindings:
            if isinstance(binding, Import):
                self._keep_import(binding)
        first = bindings[0]
        if isinstance(first, Statement) and first not in self._kept:
            self._kept[first] = None
            self._queue.append((first, use))

    def _keep_import(self, item: Import) -> None:
        self._check_module(item.package, (item.cell, item.line))
        self._imports.setdefault((item.module, item.member, item.asname), item)

    def _check(self, statement: Statement, use: Use | None) -> None:
        """Refuse a statement that cannot stand in a script."""
        if statement.magic_line is not None:
            raise _refusals.magic(self._notebook, statement, use)
        await_line = first_await(statement.node)
        if await_line is not None:
            raise _refusals.top_level_await(self._notebook, statement, use, await_line)
        construct = construct_of(statement.node)
        if construct and use:
            raise _refusals.bound_by_block(self._notebook, statement, use, construct)
        for write in statement.names.global_writes:
            raise _refusals.writes_global(self._notebook, statement, write)
        origin = data_origin(self._space, statement)
        if origin:
            raise _refusals.notebook_data(self._notebook, statement, use, origin)
        for read in statement.names.imported:
            inner = Use(statement, read)
            self._check_path(inner, read.path)
            self._check_module(read.name, inner.place)

    def _check_path(self, use: Use, path: str | None) -> None:
        if path is None:
            return
        if _policy.is_notebook_only(path):
            raise _refusals.notebook_only(self._notebook, use, path)
        if _policy.is_standard_stream(path):
            raise _refusals.standard_stream(self._notebook, use, path)

    def _check_module(self, package: str, place: tuple[int, int]) -> None:
        if _policy.is_local(package, self._notebook.path.parent):
            raise _refusals.local_module(self._notebook, place, package)

    def _unbound(self, use: Use) -> Exception:
        """Find the likeliest reason why nothing binds a name."""
        name = use.read.name
        if self._space.stars:
            return _refusals.star_import(self._notebook, use, self._space.stars)
        for unread in self._space.unread:
            if unread.mentions(name):
                return _refusals.defined_in_unread(self._notebook, use, unread)
        for statement in self._space.statements:
            if statement.magic_line is not None and statement.mentions(name):
                return _refusals.defined_by_magic(self._notebook, use, statement)
        return _refusals.undefined(self._space, use)


def _check_unchanged(space: Namespace, statements: list[Statement]) -> None:
    """Refuse if anything changes an object that the script takes as it was defined."""
    definitions: dict[str, Binding] = {n: s for s in statements for n in s.names.binds}
    for statement in space.statements:
        for name, line in _changes(statement):
            if name in definitions and definitions[name] is not statement:
                place = statement.cell, line
                raise _refusals.mutated(space.notebook, name, definitions[name], place)


def _changes(statement: Statement) -> Iterator[tuple[str, int]]:
    yield from mutations(statement.node)
    for write in statement.names.global_writes:
        yield write.name, write.line
