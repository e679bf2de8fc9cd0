"""What a definition is, so that the notebook's and the script's can be held together.

Runs in the kernel and in a process that has imported the script. Where a function stands plays
no part.
"""

from __future__ import annotations

import hashlib
import re
import types
from collections.abc import Mapping
from typing import Any

__all__ = ["fingerprint", "unlike"]

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_SHOWN = 80


def fingerprint(value: Any) -> str:
    """Return a short text, equal for what is defined alike: a hash of code, or a value."""
    code = getattr(value, "__code__", None)
    if isinstance(code, types.CodeType):
        return f"code {_digest(_code(code), repr(getattr(value, '__defaults__', None)))}"
    if isinstance(value, type):
        parts = [f"{name}={fingerprint(part)}" for name, part in sorted(vars(value).items())]
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
    constants = (
        _code(item) if isinstance(item, types.CodeType) else repr(item) for item in code.co_consts
    )
    return _digest(code.co_code.hex(), *constants, *code.co_names, *code.co_varnames)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:12]
