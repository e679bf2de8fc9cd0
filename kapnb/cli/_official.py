"""The short way to start a script of the official API; it has no options, and parses none.

Kapacitor starts every UDF of its configuration once, one after the other, and waits for each.
What `kapnb run` needs for its options takes as long as all else that happens before the script.
"""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Sequence
from types import CodeType

__all__ = ["run_at_once"]


def run_at_once(words: Sequence[str]) -> int | None:
    """Run ``run SCRIPT.py ARGUMENT …`` if that is all, and the script is one of the official API.

    Parameters
    ----------
    words : sequence of str
        The command line behind the program's name.

    Returns
    -------
    int or None
        The exit status; None if it is something else, of which nothing has been run.
    """
    if len(words) < 2 or words[0] != "run" or any(word.startswith("-") for word in words):
        return None
    path = words[1]
    code = _official_code(path) if path.endswith(".py") else None
    if code is None:
        return None
    gc.disable()  # nothing that is imported here is garbage
    from kapnb.compat import run_script

    gc.freeze()
    gc.enable()
    return run_script(path, words[2:], code=code)


def _official_code(path: str) -> CodeType | None:
    """Return what a script holds that certainly imports a module of the official API."""
    file_name = os.path.join(os.getcwd(), path)
    try:
        with io.open_code(file_name) as file:
            source = file.read()
        if b"kapacitor." not in source:
            return None
        code = compile(source, file_name, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):  # told on the long way
        return None
    return code if _imports(code) else None


def _imports(code: CodeType) -> bool:
    # Only what is imported has a name with dots.
    return any(name.startswith("kapacitor.") for name in code.co_names) or any(
        _imports(part) for part in code.co_consts if isinstance(part, CodeType)
    )
