"""What can be seen to be wrong in a Handler's class before any data: read off its source.

Only what cannot be meant is a problem; what may be on purpose is left to `kapnb.lint`, which
sees a run. The class itself has refused what it could (options, data methods' arguments).
"""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from kapnb.handler import Handler
from kapnb.handler._signature import arguments

__all__ = ["Problem", "check_definition", "problems_of"]

_DATA = ("point", "begin_batch", "end_batch", "batch", "frame")
#: Methods that kapnb calls, and what with.
_CALLED: Mapping[str, tuple[int, str]] = {
    "info": (0, "(self)"),
    "init": (1, "(self, request) or (self)"),
    "snapshot": (0, "(self)"),
    "restore": (1, "(self, snapshot)"),
    "adapt_state": (1, "(self, state)"),
    "group_state": (0, "(self)"),
    "group_expired": (2, "(self, group, state)"),
    "stop": (0, "(self)"),
}
_METHODS = (*_DATA, *_CALLED, "emit", "build_shared", "forget_groups")
_COMPARED = "a comparison"
_COPIES = ("with_fields", "with_tags")
#: How alike names must be: of methods, which may be helpers; of options that are set nowhere.
_LIKE_METHOD, _LIKE_OPTION = 0.85, 0.75
_Function = ast.FunctionDef | ast.AsyncFunctionDef
#: Statements and patterns that bind their name.
_NAMING = _Function | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that cannot be meant.

    Attributes
    ----------
    line : int
        Of the source, from 1.
    text : str
        What is wrong, and what to do.
    """

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def check_definition(handler: type[Handler]) -> list[Problem]:
    """Return what is wrong with a Handler's class as it stands in its source.

    Parameters
    ----------
    handler : subclass of Handler
        Defined in a file, or in a cell of a notebook.

    Returns
    -------
    list of Problem
        In the order of the source; empty if there is nothing, or the source is not known.

    Notes
    -----
    Seen are names of methods and options that are nearly right, methods that cannot be called
    as they will be, results that are thrown away, and results that are no points.

    Examples
    --------
    >>> class Nothing(Handler): ...
    >>> check_definition(Nothing)
    []
    """
    statement = _statement(handler)
    return [] if statement is None else problems_of(handler, statement)


def problems_of(handler: type[Handler], statement: ast.ClassDef) -> list[Problem]:
    """Return what is wrong with a class, given its statement."""
    methods = [node for node in statement.body if isinstance(node, _Function)]
    found = {
        *_misnamed(handler, statement, methods),
        *_not_callable(handler, methods),
        *(problem for method in methods for problem in _lost(method)),
        *(problem for method in methods if method.name in _DATA for problem in _no_points(method)),
        *_options(handler, statement, methods),
    }
    return sorted(found)


def _statement(handler: type[Handler]) -> ast.ClassDef | None:
    """Return the class statement from the source of a method; a cell's is in linecache."""
    for value in vars(handler).values():
        code = getattr(getattr(value, "__func__", value), "__code__", None)
        if code is None:
            continue
        try:
            tree = ast.parse("".join(linecache.getlines(code.co_filename)))
        except SyntaxError:  # a cell with magics in it
            return None
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == handler.__name__:
                last = node.end_lineno or node.lineno
                if node.lineno <= code.co_firstlineno <= last:
                    return node
    return None


# ------------------------------------------------------------------------------ methods


def _misnamed(
    handler: type[Handler], statement: ast.ClassDef, methods: list[_Function]
) -> Iterator[Problem]:
    """Find methods that nobody calls and that are nearly called as one of Handler's."""
    used = {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    for method in methods:
        name = method.name
        if name in _METHODS or name in used or name.startswith("_") or method.decorator_list:
            continue
        free = [known for known in _METHODS if known not in vars(handler)]
        if near := get_close_matches(name, free, 1, _LIKE_METHOD):
            yield Problem(
                method.lineno,
                f"{handler.__name__}.{name} is never called; did you mean {near[0]}?",
            )


def _not_callable(handler: type[Handler], methods: list[_Function]) -> Iterator[Problem]:
    for method in methods:
        expected = _CALLED.get(method.name)
        taken = arguments(getattr(handler, method.name)) if expected else None
        if expected is None or taken is None:
            continue
        given, form = expected
        given += 1  # self
        few = taken.most < given and not taken.variable and method.name != "init"
        if few or taken.needed > given:
            yield Problem(
                method.lineno, f"{handler.__name__}.{method.name} must take {form}; it is called so"
            )


# ------------------------------------------------------------------------------ results


def _lost(method: _Function) -> Iterator[Problem]:
    """Find copies that are made and thrown away."""
    for node in _own_nodes(method):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Attribute)
            and node.value.func.attr in _COPIES
        ):
            yield Problem(
                node.lineno,
                f"{node.value.func.attr} returns a new point, which is lost here; yield it, or "
                "keep it under a name",
            )


def _no_points(method: _Function) -> Iterator[Problem]:
    """Find what is yielded, or returned, and is no point for sure."""
    nodes = list(_own_nodes(method))
    yields = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes)
    for node in nodes:
        if not isinstance(node, ast.Yield | ast.Return) or node.value is None:
            continue
        word = "yield" if isinstance(node, ast.Yield) else "return"
        what = _no_point(node.value)
        if what == _COMPARED and method.name == "frame":
            continue  # of a DataFrame a comparison is another
        if word == "return" and yields and what != "None":
            yield Problem(
                node.lineno,
                "a method that yields sends what it yields; what it returns is lost; yield it",
            )
        elif what and what != "None":
            yield Problem(
                node.lineno,
                f"a Handler sends Points and Batches, and this {word}s {what}; {word} "
                "point.with_fields(name=value)",
            )


def _no_point(value: ast.expr) -> str:
    """Return what a value is if it is no Point for sure; ``None`` sends nothing."""
    if isinstance(value, ast.Constant):
        return "None" if value.value is None else f"a {type(value.value).__name__}"
    for kinds, what in (
        ((ast.Dict, ast.DictComp), "a dict"),
        ((ast.JoinedStr,), "a str"),
        ((ast.Compare,), _COMPARED),
        ((ast.Lambda,), "a function"),
    ):
        if isinstance(value, kinds):
            return what
    return ""


# ------------------------------------------------------------------------------ options


def _options(
    handler: type[Handler], statement: ast.ClassDef, methods: list[_Function]
) -> Iterator[Problem]:
    """Find options that are nearly named, or named without ``self``."""
    names = list(handler.handler_shape.options)
    if not names:
        return
    module = vars(sys.modules[handler.__module__]) if handler.__module__ in sys.modules else {}
    stored = _stored(statement)
    for method in methods:
        me = method.args.args[0].arg if method.args.args else "self"
        local = _bound(method)
        for node in _own_nodes(method):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                known = node.attr in stored or hasattr(handler, node.attr)
                if not isinstance(node.value, ast.Name) or node.value.id != me or known:
                    continue
                if near := get_close_matches(node.attr, names, 1, _LIKE_OPTION):
                    yield Problem(
                        node.lineno,
                        f"{me}.{node.attr} is set nowhere; did you mean the option {near[0]}?",
                    )
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                free = node.id not in local and node.id not in module
                if node.id in names and free and not hasattr(builtins, node.id):
                    yield Problem(node.lineno, f"{node.id} is an option; write {me}.{node.id}")


def _stored(statement: ast.ClassDef) -> set[str]:
    """Return the attributes that the class's code sets, on whatever."""
    return {
        node.attr
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    } | {
        str(node.args[1].value)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "setattr"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    }


def _bound(method: _Function) -> set[str]:
    """Return the names that a method binds, in functions within it, too."""
    bound: set[str] = set()
    for node in ast.walk(method):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, _NAMING) and node.name:
            bound.add(node.name)
    return bound


def _own_nodes(method: _Function) -> Iterator[Any]:
    """Yield the nodes of a method, but not those of functions within it."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(method))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _Function | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
