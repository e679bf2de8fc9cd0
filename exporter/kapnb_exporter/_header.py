"""The comment block at the top of a script: what it needs and where it is from (PEP 723)."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterator

from kapnb._version import __version__
from kapnb_exporter._closure import Closure

__all__ = ["header", "on_one_line"]

#: The oldest Python that kapnb is installed on.
_FLOOR = 11


def header(closure: Closure, requirements: tuple[str, ...], target: str | None) -> str:
    """Write the block.

    Parameters
    ----------
    closure : Closure
        What the script is made of.
    requirements : tuple of str
        What must be installed.
    target : str or None
        The Python version it was asked to be proven for, such as ``3.12``.
    """
    lines = ("#" if not line else f"# {line}" for line in _lines(closure, requirements, target))
    return "\n".join(lines)


def on_one_line(name: str) -> str:
    """Give a file's name on one line, whatever characters it may hold."""
    return " ".join(name.split())


def _lines(closure: Closure, requirements: tuple[str, ...], target: str | None) -> Iterator[str]:
    notebook = on_one_line(closure.notebook.name)
    yield f"Exported from {notebook} by kapnb {__version__}; edit the notebook instead."
    yield ""
    yield "/// script"
    yield f'requires-python = ">=3.{_floor(closure, target)}"'
    yield "dependencies = ["
    for requirement in requirements:
        yield f"    {json.dumps(requirement)},"
    yield "]"
    yield ""
    yield "[tool.kapnb]"
    yield f"version = {json.dumps(__version__)}"
    yield f"notebook = {_text(notebook)}"
    yield f"handler = {_text(closure.handler)}"
    if target is not None:
        yield f"python = {json.dumps(target)}"
    yield "cells = ["
    for cell in closure.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()
        identity = f"id = {_text(cell.id)}, " if cell.id else ""
        yield f'    {{ number = {cell.number}, {identity}sha256 = "{digest[:16]}" }},'
    yield "]"
    yield "///"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _floor(closure: Closure, target: str | None) -> int:
    """Return the oldest minor version that can read the statements, and has kapnb.

    A target that is older brings the runtime along by itself, not as an installed package.
    """
    oldest = _FLOOR if target is None else min(_FLOOR, int(target.split(".")[1]))
    source = "\n".join(statement.source for statement in closure.statements)
    minors = range(oldest, sys.version_info.minor)
    return next((n for n in minors if _can_read(n, source)), max(oldest, sys.version_info.minor))


def _can_read(minor: int, source: str) -> bool:
    try:
        ast.parse(source, feature_version=(3, minor))
    except SyntaxError:
        return False
    return True
