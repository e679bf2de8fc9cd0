"""Which names a statement binds, and which it looks up in module scope.

This is Python's scoping and nothing else: no cell, no rule about what may be exported.
Scopes are resolved here and not by ``symtable``, which since Python 3.12 folds
comprehensions into the scope around them, so that its answer hangs on the interpreter,
and which knows no lines, which every refusal needs. A test holds the two against each
other over the standard library.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kapnb_exporter._names import Names, Read, dotted_path, imported_path

__all__ = ["names_of"]

#: Bound by the interpreter inside classes and methods, never looked up in a module.
_IMPLICIT = frozenset({"__class__", "__module__", "__qualname__"})


def names_of(node: ast.stmt) -> Names:
    """Say what a top-level statement binds and reads."""
    visitor = _Visitor()
    visitor.visit(node)
    return Names(
        binds=tuple(visitor.module.bound),
        reads=_by_line(visitor.module.reads),
        imported=_by_line(visitor.imported),
        global_writes=_by_line(visitor.global_writes),
    )


def _by_line(reads: Iterable[Read]) -> tuple[Read, ...]:
    return tuple(sorted(reads, key=lambda read: read.line))


class _Kind(enum.Enum):
    MODULE = enum.auto()
    FUNCTION = enum.auto()
    CLASS = enum.auto()
    COMPREHENSION = enum.auto()  # and type parameters: a scope, but one that runs at once


class _Scope:
    def __init__(self, kind: _Kind, label: str, parent: _Scope | None) -> None:
        self.kind = kind
        self.label = label
        self.parent = parent
        self.deferred: bool = kind is _Kind.FUNCTION or (parent is not None and parent.deferred)
        self.bound: dict[str, None] = {}  # a set that keeps its order
        self.imports: dict[str, str] = {}
        self.declared_global: set[str] = set()
        self.declared_nonlocal: set[str] = set()
        self.reads: list[Read] = []

    @property
    def seen_from_inside(self) -> _Scope:
        """The scope in which an inner one goes on looking: classes are skipped."""
        if self.kind is _Kind.CLASS and self.parent is not None:
            return self.parent.seen_from_inside
        return self

    def inner_label(self, name: str) -> str:
        return f"{self.label}.{name}" if self.label else name


class _Visitor(ast.NodeVisitor):
    def __init__(self) -> None:
        self.module = self._scope = _Scope(_Kind.MODULE, "", None)
        self._annotating = self._type_checking = False
        self.imported: list[Read] = []
        self.global_writes: list[Read] = []

    # -- look-ups and bindings

    def _read(self, path: str, line: int, *, called: bool = False) -> None:
        scope = self._scope
        read = Read(path, line, scope.label, called, scope.deferred, self._annotating)
        if scope.kind is not _Kind.CLASS:
            scope.reads.append(read)
        elif read.name in scope.imports:
            self._read_import(read, scope)
        elif read.name not in scope.bound:  # a class body falls back to the module until it binds
            scope.seen_from_inside.reads.append(read)

    def _read_import(self, read: Read, scope: _Scope) -> None:
        path = scope.imports[read.name] + read.path.removeprefix(read.name)
        self.imported.append(replace(read, path=path))

    def _bind(self, name: str, line: int, scope: _Scope | None = None) -> None:
        scope = scope or self._scope
        if name in scope.declared_global:
            self.global_writes.append(Read(name, line, scope.label))
        elif name not in scope.declared_nonlocal:
            scope.bound[name] = None

    @contextmanager
    def _inside(self, kind: _Kind, label: str) -> Iterator[None]:
        scope = self._scope = _Scope(kind, label, self._scope)
        yield
        assert scope.parent is not None
        self._scope = scope.parent
        for read in scope.reads:
            if read.name in scope.declared_global:
                self.module.reads.append(read)
            elif read.name in scope.imports:
                self._read_import(read, scope)
            elif read.name not in scope.bound:
                scope.parent.seen_from_inside.reads.append(read)

    # -- expressions

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._bind(node.id, node.lineno)
        elif node.id not in _IMPLICIT:
            self._read(node.id, node.lineno)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._visit_used(node, called=False)

    def visit_Call(self, node: ast.Call) -> None:
        self._visit_used(node.func, called=True)
        self._visit_all([*node.args, *node.keywords])

    def _visit_used(self, node: ast.expr, *, called: bool) -> None:
        path = dotted_path(node)
        if path is None:
            self.generic_visit(node) if isinstance(node, ast.Attribute) else self.visit(node)
        elif path.partition(".")[0] not in _IMPLICIT:
            self._read(path, node.lineno, called=called)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope = self._scope
        while scope.kind is _Kind.COMPREHENSION and scope.parent is not None:
            scope = scope.parent
        self._bind(node.target.id, node.lineno, scope)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_defaults(node.args)
        with self._inside(_Kind.FUNCTION, self._scope.label):
            self._bind_parameters(node.args)
            self.visit(node.body)

    def _visit_comprehension(self, node: Any) -> None:
        self.visit(node.generators[0].iter)  # looked up outside, before anything else
        with self._inside(_Kind.COMPREHENSION, self._scope.label):
            for index, generator in enumerate(node.generators):
                self.visit(generator.target)
                self._visit_all([*([generator.iter] if index else []), *generator.ifs])
            parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
            self._visit_all(parts)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _visit_comprehension

    # -- statements that bind or open a scope

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._visit_decorators(node)
        self._visit_defaults(node.args)
        self._bind(node.name, node.lineno)
        label = self._scope.inner_label(node.name)
        with self._type_parameters(node):
            for argument in _parameters(node.args):
                self._visit_annotation(argument.annotation)
            self._visit_annotation(node.returns)
            with self._inside(_Kind.FUNCTION, label):
                self._bind_parameters(node.args)
                self._visit_all(node.body)

    visit_FunctionDef = visit_AsyncFunctionDef = _visit_function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_decorators(node)
        label = self._scope.inner_label(node.name)
        with self._type_parameters(node):
            self._visit_all([*node.bases, *node.keywords])
            with self._inside(_Kind.CLASS, label):
                self._visit_all(node.body)
        self._bind(node.name, node.lineno)

    def visit_TypeAlias(self, node: Any) -> None:
        self.visit(node.name)
        with self._type_parameters(node):
            self.visit(node.value)

    @contextmanager
    def _type_parameters(self, node: Any) -> Iterator[None]:
        """Open the scope of ``def f[T]`` and ``class C[T]``, which Python 3.11 lacks."""
        parameters = getattr(node, "type_params", [])
        if not parameters:
            yield
            return
        with self._inside(_Kind.COMPREHENSION, self._scope.label):
            for parameter in parameters:
                self._bind(parameter.name, parameter.lineno)
                self.generic_visit(parameter)
            yield

    # In a class body a name may still mean the module's until it is bound, so that what
    # is looked up must be visited before what is bound.

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self._visit_all(node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._visit_annotation(node.annotation)
        self._visit_maybe(node.value)
        if node.value is not None or self._scope.kind is _Kind.FUNCTION:
            self.visit(node.target)  # elsewhere a bare annotation binds nothing

    def _visit_for(self, node: ast.For | ast.AsyncFor) -> None:
        self._visit_all([node.iter, node.target, *node.body, *node.orelse])

    visit_For = visit_AsyncFor = _visit_for

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._read(node.target.id, node.lineno)
        if self._scope is not self.module or not isinstance(node.target, ast.Name):
            self.visit(node.target)  # in module scope it changes a name and does not define it

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        path = dotted_path(node.test) or ""
        self._type_checking = path.rpartition(".")[2] == "TYPE_CHECKING"
        self._visit_all(node.body)
        self._type_checking = False
        self._visit_all(node.orelse)

    def _visit_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            name, path = imported_path(node, alias)
            module = path if isinstance(node, ast.ImportFrom) else alias.name
            scope, unread = self._scope, self._type_checking
            self.imported.append(
                Read(module, node.lineno, scope.label, False, scope.deferred, in_annotation=unread)
            )
            self._bind(name, node.lineno)
            self._scope.imports[name] = path

    visit_Import = visit_ImportFrom = _visit_import

    def visit_Global(self, node: ast.Global) -> None:
        self._scope.declared_global.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self._scope.declared_nonlocal.update(node.names)

    def _visit_capture(self, node: Any) -> None:
        """Bind what ``except … as``, ``case … as``, ``*rest`` and ``**rest`` catch."""
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name is not None:
            self._bind(name, node.lineno)
        self.generic_visit(node)

    visit_ExceptHandler = visit_MatchAs = visit_MatchStar = visit_MatchMapping = _visit_capture

    # -- helpers

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _visit_maybe(self, node: ast.AST | None) -> None:
        if node is not None:
            self.visit(node)

    def _visit_annotation(self, node: ast.expr | None) -> None:
        self._annotating = True
        self._visit_maybe(node)
        if self._scope.kind is not _Kind.FUNCTION:  # there nobody ever evaluates them
            for line, text in _quoted(node):
                self._visit_maybe(_expression(line, text))
        self._annotating = False

    def _visit_decorators(self, node: Any) -> None:
        for decorator in node.decorator_list:
            self._visit_used(decorator, called=True)

    def _visit_defaults(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self._visit_maybe(default)

    def _bind_parameters(self, arguments: ast.arguments) -> None:
        for argument in _parameters(arguments):
            self._bind(argument.arg, argument.lineno)


def _quoted(node: ast.expr | None) -> Iterator[tuple[int, str]]:
    """Yield the strings in an annotation that stand for names, as in ``list["Pump"]``."""
    match node:
        case None:
            return
        case ast.Constant(value=str(text)):
            yield node.lineno, text
        case ast.Subscript(value=base, slice=inner):
            name = (dotted_path(base) or "").rpartition(".")[2]
            if name == "Annotated" and isinstance(inner, ast.Tuple):
                yield from _quoted(inner.elts[0])  # the rest is no annotation
            elif name != "Literal":
                yield from _quoted(inner)
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from _quoted(child)


def _expression(line: int, text: str) -> ast.expr | None:
    """Parse a quoted annotation; every part of it stands at the string's line."""
    try:
        parsed = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None  # some other tool's
    for part in ast.walk(parsed):
        if hasattr(part, "lineno"):
            part.lineno = line
    return parsed


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    stars = [star for star in (arguments.vararg, arguments.kwarg) if star is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]
