"""Run a script that was written for the official API, as Python would, but with stdio claimed.

``kapnb run old.py`` and ``python -m kapnb.compat old.py`` both end up here.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType

from kapnb.errors import HandlerError

__all__ = ["run_script"]


def run_script(
    path: str | os.PathLike[str], arguments: Sequence[str] = (), *, code: CodeType | None = None
) -> int:
    """Run a script as ``__main__``; return the exit status.

    `code` is what it holds, if it is compiled already, under its absolute path.

    Stdin and stdout are taken for the protocol first, so what the script prints goes to
    stderr. What it raises before it serves reaches Kapacitor as an error.
    """
    from kapnb.agent import claimed, refuse
    from kapnb.compat import _ending, install

    claim = claimed()
    install()
    _ending.leave_to_caller(claim)
    try:
        _execute(os.fspath(path), arguments, code)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also sys.exit
        claim.served = _ending.has_begun()  # by an Agent, or by a Server without stdio
        left = isinstance(error, SystemExit) and error.code in (None, 0)
        if _ending.has_begun() and not left:
            raise
        if not left:
            return refuse(claim, error, os.path.basename(path))
    claim.served = True
    if not _ending.has_begun():
        asked = claim.take().read(0.0)
        if asked:  # otherwise it may do without an Agent, as in a mode for tests
            claim.stream.unread(asked)
            silent = HandlerError("the script ended before it started an Agent")
            return refuse(claim, silent, os.path.basename(path))
    return _ending.status()


def _execute(path: str, arguments: Sequence[str], code: CodeType | None) -> None:
    file = os.path.join(os.getcwd(), path)
    main = ModuleType("__main__")
    main.__file__ = file
    main.__loader__ = SourceFileLoader("__main__", file)
    sys.modules["__main__"] = main
    sys.argv = [path, *arguments]
    if not getattr(sys.flags, "safe_path", False):  # since Python 3.11
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    if code is None:
        with io.open_code(file) as source:
            code = compile(source.read(), file, "exec", dont_inherit=True)
    exec(code, main.__dict__)  # noqa: S102  # running the script is what we are asked to do
