"""Cells cut into top-level statements, with magics made readable.

Line numbers are those of the cell and source is the analyst's own, to the character:
what is exported is copied, never regenerated.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib import import_module

from kapnb.errors import MissingExtra
from kapnb_exporter._names import Names, Read
from kapnb_exporter._notebook import Cell
from kapnb_exporter._scopes import names_of

__all__ = ["Kept", "Statement", "Unread", "Use", "is_marked", "read_cell"]

#: Cell magics that run their body in the notebook's own namespace: as good as absent.
_TRANSPARENT = frozenset({"%%capture", "%%time", "%%udf"})
_DIRECTIVE = re.compile(r"\s*#\|\s*udf\s*$")

#: What IPython turns ``%magic``, ``!command`` and ``name?`` into.
_MAGIC_CALLS = frozenset({"getoutput", "run_cell_magic", "run_line_magic", "system"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that is computed in the notebook and given to the script.

    Parameters
    ----------
    name : str
        The name it is given.
    call : ast.Call
        The call of `kapnb.freeze` or `kapnb.artifact`.
    annotation : ast.expr or None
        The name's annotation.
    file : str or None
        The artifact's file; None for a frozen value.
    loader : ast.expr or None
        What the artifact is read with, if the notebook says so.
    fault : str
        Why it cannot be written into a script; empty if it can.
    """

    name: str
    call: ast.Call
    annotation: ast.expr | None
    file: str | None
    loader: ast.expr | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One top-level statement of a cell.

    Parameters
    ----------
    cell : int
        The cell's number.
    line : int
        Its first line in the cell, decorators included.
    source : str
        Its text, with the comment lines directly above it.
    node : ast.stmt
        Its syntax tree; line numbers are those of the cell.
    names : Names
        What it binds and reads.
    magic_line : int or None
        The line of the first magic or shell escape in it.
    blank_above : int
        How many blank lines the analyst left above, two at most.
    comment_lines : int
        How many lines of the text are comments above the statement.
    kept : Kept or None
        If it gives a name a value that the notebook computes: what travels in its place.
    """

    cell: int
    line: int
    source: str
    node: ast.stmt
    names: Names
    magic_line: int | None
    blank_above: int
    comment_lines: int = 0
    kept: Kept | None = None

    @property
    def title(self) -> str:
        """What to call it in a message."""
        return self.names.binds[0] if self.names.binds else "a statement"

    def mentions(self, name: str) -> bool:
        """Whether the name occurs in the text as a word."""
        return _has_word(self.source, name)

    @property
    def looks_up(self) -> Iterator[tuple[int, str]]:
        """The lines with ``getattr(name, …)``, and the names."""
        for part in ast.walk(self.node):
            match part:
                case ast.Call(func=ast.Name("getattr"), args=[ast.Name(name), *_]):
                    yield part.lineno, name

    @property
    def is_definition(self) -> bool:
        """Whether it is a function or a class."""
        return self.is_function or isinstance(self.node, ast.ClassDef)

    @property
    def is_function(self) -> bool:
        """Whether it is a function."""
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Use:
    """A look-up and the statement in which it stands."""

    by: Statement
    read: Read

    @property
    def place(self) -> tuple[int, int]:
        """Cell and line."""
        return self.by.cell, self.read.line

    @property
    def user(self) -> str:
        """The function, class or variable that needs the name."""
        return self.read.user or self.by.title


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell whose statements are unknown.

    Parameters
    ----------
    cell : int
        The cell's number.
    line : int
        Where reading stopped.
    reason : str
        Why: the cell magic, or what the parser says.
    source : str
        The text, to see which names it mentions.
    is_magic : bool
        Whether another language's or tool's cell magic owns it.
    """

    cell: int
    line: int
    reason: str
    source: str
    is_magic: bool

    def mentions(self, name: str) -> bool:
        """Whether the name occurs in the text as a word."""
        return _has_word(self.source, name)


def is_marked(cell: Cell) -> bool:
    """Whether the cell's tag, or its first line, marks the Handler in it; ``%%udf`` does, too."""
    if "udf" in cell.tags or any(line.split()[0] == "%%udf" for line in _magics(cell.source)):
        return True
    return any(_DIRECTIVE.match(line) for line in _first_line(_unwrap(cell.source)))


def read_cell(cell: Cell) -> list[Statement] | Unread:
    """Cut a cell into its statements, or say why that cannot be done."""
    text = _unwrap(cell.source)
    for line in _first_line(text):
        if line.startswith("%%"):
            number = cell.source.split("\n").index(line) + 1
            return Unread(cell.number, number, line.split()[0], cell.source, is_magic=True)
    try:
        text, tree = _parse(text)
        return list(_statements(cell.number, text, tree))
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        line_number = getattr(error, "lineno", None) or 1
        reason = getattr(error, "msg", None) or str(error)
        return Unread(cell.number, line_number, reason, cell.source, is_magic=False)


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


def _first_line(text: str) -> Iterator[str]:
    """Yield the first line that is not blank, if there is one."""
    yield from [line for line in text.split("\n") if line.strip()][:1]


def _magics(source: str) -> Iterator[str]:
    """Yield the transparent magics at the top."""
    for line in source.split("\n"):
        words = line.split()
        if words and words[0] not in _TRANSPARENT:
            return
        if words:
            yield line


def _unwrap(source: str) -> str:
    """Blank the transparent magics at the top, so that line numbers stay."""
    lines = source.split("\n")
    for index, line in enumerate(lines):
        words = line.split()
        if words and words[0] not in _TRANSPARENT:
            break
        lines[index] = ""
    return "\n".join(lines)


def _parse(text: str) -> tuple[str, ast.Module]:
    """Parse a cell, through IPython only if it is not plain Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # the analyst has seen them already
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return text, ast.parse(text)
        except SyntaxError:
            text = _without_magics(text)
            return text, ast.parse(text)


def _without_magics(text: str) -> str:
    """Turn magics and shell escapes into calls, each line staying where it stood."""
    try:
        transformers = import_module("IPython.core.inputtransformer2")
    except ImportError as error:
        raise MissingExtra("export", "reading magics in a notebook", "IPython") from error
    before = text.split("\n")
    after = transformers.TransformerManager().transform_cell(text).split("\n")
    lines: list[str] = []
    for _, old, old_end, new, new_end in SequenceMatcher(None, before, after, False).get_opcodes():
        lines += after[new:new_end]
        lines += [""] * ((old_end - old) - (new_end - new))
    return "\n".join(lines)


def _statements(cell: int, text: str, tree: ast.Module) -> Iterator[Statement]:
    lines = text.split("\n")
    above = 0  # lines that belong to the statements before
    for node in tree.body:
        first = min(n.lineno for n in (node, *getattr(node, "decorator_list", ())))
        source, last = _source(text, lines, node, first)
        # Lines that begin with #| speak to notebook tools.
        start = _first_comment(lines, first, above)
        comments = [line for line in lines[start - 1 : first - 1] if not line.startswith("#|")]
        yield Statement(
            cell=cell,
            line=first,
            source="\n".join([*comments, source]),
            node=node,
            names=names_of(node),
            magic_line=_magic_line(node),
            blank_above=_blank_above(lines, start, above),
            comment_lines=len(comments),
        )
        above = last


def _source(text: str, lines: list[str], node: ast.stmt, first: int) -> tuple[str, int]:
    """Give a statement's text and its last line."""
    assert node.end_lineno is not None
    last = node.end_lineno
    rest = lines[last - 1].encode()[node.end_col_offset :].decode().strip()
    if node.col_offset or rest.startswith(";"):  # it shares a line with another
        return ast.get_source_segment(text, node) or "", last
    while last < len(lines) and re.match(r"\s+#", lines[last]):  # a comment ending a body
        last += 1
    return "\n".join(lines[first - 1 : last]), last


def _first_comment(lines: list[str], first: int, floor: int) -> int:
    """Go up from a statement's first line to that of the comment directly above it."""
    while first - 1 > floor and lines[first - 2].startswith("#"):
        first -= 1
    return first


def _blank_above(lines: list[str], start: int, floor: int) -> int:
    above = lines[max(floor, start - 3) : start - 1]
    return next((n for n, line in enumerate(reversed(above)) if line.strip()), len(above))


def _magic_line(node: ast.stmt) -> int | None:
    for part in ast.walk(node):
        match part:
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name("get_ipython")), attr=attr)
            ) if attr in _MAGIC_CALLS:
                return part.lineno
    return None
