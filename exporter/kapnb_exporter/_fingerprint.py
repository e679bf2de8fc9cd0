"""What a definition is, so that the notebook's and the script's can be held together.

Runs in the kernel and in a process that has imported the script. Where a function stands plays
no part.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import textwrap
import types
from collections.abc import Mapping
from typing import Any

__all__ = ["fingerprint", "unlike"]

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_SHOWN = 80
#: What kapnb keeps in a Handler's class; it names the module.
_OF_KAPNB = frozenset({"handler_shape"})


def fingerprint(value: Any) -> str:
    """Return a short text, equal for what is defined alike: a hash of code, or a value."""
    code = getattr(value, "__code__", None)
    if isinstance(code, types.CodeType):
        return f"code {_digest(_code(code), repr(getattr(value, '__defaults__', None)))}"
    if isinstance(value, type):
        own = {name: part for name, part in vars(value).items() if name not in _OF_KAPNB}
        parts = [f"{name}={fingerprint(part)}" for name, part in sorted(own.items())]
        return f"code {_digest(*(part for part in parts if not part.startswith('__')))}"
    text = _ADDRESS.sub("", repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({_digest(text)})"


def unlike(notebook: Mapping[str, str], script: Mapping[str, str]) -> str:
    """Say which definitions differ; empty if none does."""
    lines = []
    for name, ours in notebook.items():
        theirs = script.get(name, "missing")
        if ours == theirs:
            continue
        if ours.startswith("code "):
            lines.append(f"`{name}` runs other code in the notebook than in the script")
        else:
            lines.append(f"`{name}` is {ours} in the notebook and {theirs} in the script")
    return "\n".join(lines)


def _code(code: types.CodeType) -> str:
    """Return a hash of what a function says.

    Not of its bytecode: that of a call through a module is another if, as in a notebook, the
    import was not compiled together with it.
    """
    said = _source(code)
    if said is not None:
        return _digest(said)
    constants = (
        _code(item) if isinstance(item, types.CodeType) else repr(item) for item in code.co_consts
    )
    return _digest(*constants, *code.co_names, *code.co_varnames)


def _source(code: types.CodeType) -> str | None:
    """Return the function's syntax tree as a text, if its source can be had and stands alone."""
    try:
        return ast.dump(ast.parse(textwrap.dedent(inspect.getsource(code))))
    except (OSError, SyntaxError):  # of a lambda it may be a part of a line
        return None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:12]
