"""What a Handler needs: the statements and imports that its script is made of.

The closure is taken statement by statement, never cell by cell: it starts at the
Handler's class, follows every name looked up in module scope to what binds it, and either
keeps that whole or refuses. Nothing is executed and nothing is guessed.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kapnb_exporter import _policy, _refusals
from kapnb_exporter._imports import Import
from kapnb_exporter._names import Read, changed_globals, mutations
from kapnb_exporter._namespace import Binding, Namespace, fingerprint, read_namespace
from kapnb_exporter._notebook import Cell, Notebook
from kapnb_exporter._order import check_order
from kapnb_exporter._select import Marked
from kapnb_exporter._state import check_state
from kapnb_exporter._statements import Kept, Statement, Use
from kapnb_exporter._travel import check_path, check_statement

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
        The statements needed, in notebook order.
    local : frozenset of str
        The modules beside the notebook that must come along, by their top-level names.
    builtins : mapping of str to Use
        The names that are taken for Python's own, and where first.
    """

    notebook: Notebook
    handler: str
    summary: str
    imports: tuple[Import, ...]
    statements: tuple[Statement, ...]
    local: frozenset[str] = frozenset()
    builtins: Mapping[str, Use] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that contribute, in notebook order."""
        numbers = {item.cell for item in self.imports} | {s.cell for s in self.statements}
        return tuple(cell for cell in self.notebook.cells if cell.number in numbers)

    @property
    def defined(self) -> frozenset[str]:
        """Names that statements of the script define, imports left out."""
        return frozenset(name for s in self.statements for name in s.names.binds)

    @property
    def names(self) -> frozenset[str]:
        """Names that the script defines or imports at top level."""
        return self.defined | {item.name for item in self.imports}

    @property
    def modules(self) -> frozenset[str]:
        """Absolute paths of what is imported anywhere in the script, from elsewhere."""
        inner = (read.path for read in self._imported)
        outer = (item.module if item.member is None else item.path for item in self.imports)
        found = (*outer, *inner)
        return frozenset(path for path in found if path.partition(".")[0] not in self.local)

    @property
    def _imported(self) -> Iterator[Read]:
        """What statements import when they run; type checkers may read more."""
        for statement in self.statements:
            yield from (read for read in statement.names.imported if not read.in_annotation)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The values that running the notebook must give."""
        return tuple(s.kept for s in self.statements if s.kept is not None)

    @property
    def packages(self) -> frozenset[str]:
        """Top-level packages imported anywhere in the script."""
        inner = (read.name for read in self._imported)
        return frozenset([*(item.package for item in self.imports), *inner])


def close(notebook: Notebook, marked: Marked, *, bring_modules: bool = False) -> Closure:
    """Compute what a Handler needs.

    Parameters
    ----------
    notebook : Notebook
        The notebook.
    marked : Marked
        The Handler, as `find_handler` gives it.
    bring_modules : bool, default: False
        Whether modules beside the notebook may come along.

    Returns
    -------
    Closure
        Statements and imports, ready to be rendered.

    Raises
    ------
    ExportError
        KN201 to KN213, KN301, KN303, KN310 or KN311: the first thing met that a script cannot have.
    """
    space = read_namespace(notebook)
    follower = _Follower(space, bring_modules=bring_modules)
    follower.follow(marked.name)
    statements = follower.statements
    check_order(space, statements)
    _check_unchanged(space, statements)
    handler = next(s for s in statements if marked.name in s.names.binds)
    assert isinstance(handler.node, ast.ClassDef)
    check_state(space, handler)
    docstring = ast.get_docstring(handler.node) or ""
    return Closure(
        notebook=notebook,
        handler=marked.name,
        summary=inspect.cleandoc(docstring).partition("\n")[0].strip(),
        imports=(*space.futures, *follower.imports),
        statements=tuple(statements),
        local=frozenset(follower.local),
        builtins=follower.builtins,
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

    def __init__(self, space: Namespace, *, bring_modules: bool) -> None:
        self._space = space
        self._bring_modules = bring_modules
        self.local: set[str] = set()
        self.builtins: dict[str, Use] = {}
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
        elif hasattr(builtins, name):
            self.builtins.setdefault(name, use)
        else:
            raise self._unbound(use)
        check_path(self._space, use, self._space.absolute(use.read.path))

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
        check_statement(self._space, statement, use)
        for read in statement.names.imported:
            if read.in_annotation:
                continue
            inner = Use(statement, read)
            check_path(self._space, inner, read.path)
            self._check_module(read.name, inner.place)

    def _check_module(self, package: str, place: tuple[int, int]) -> None:
        if not _policy.is_local(package, self._notebook.path.parent):
            return
        if package and self._bring_modules:
            self.local.add(package)
        else:
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
        for name, line in _changes(space, statement):
            first = _unaliased(space, name)
            definition = definitions.get(first)
            if definition is not None and definition is not statement:
                raise _refusals.mutated(space.notebook, first, definition, (statement.cell, line))


def _changes(space: Namespace, statement: Statement) -> Iterator[tuple[str, int]]:
    yield from mutations(statement.node)
    for write in statement.names.global_writes:
        yield write.name, write.line
    for read in statement.names.reads:  # what it calls may change something, too
        called = space.binding(read.name) if read.called and not read.deferred else None
        if isinstance(called, Statement) and called.is_function and "." not in read.path:
            yield from ((name, read.line) for name in changed_globals(called.node))


def _unaliased(space: Namespace, name: str) -> str:
    """Return the first name of an object that also goes by `name`."""
    seen = {name}
    while True:
        binding = space.binding(name)
        match binding.node if isinstance(binding, Statement) else None:
            case ast.Assign(value=ast.Name(id=other)) if other not in seen:
                seen.add(other)
                name = other
            case _:
                return name
