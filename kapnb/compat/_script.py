"""Run a script that was written for the official API, as Python would, but with stdio claimed.

``kapnb run old.py`` and ``python -m kapnb.compat old.py`` both end up here.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import traceback
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from kapnb.errors import HandlerError

__all__ = ["run_script"]


def run_script(path: Path, arguments: Sequence[str] = ()) -> int:
    """Run a script as ``__main__``; return the exit status.

    Stdin and stdout are taken for the protocol first, so what the script prints goes to
    stderr. What it raises before it serves reaches Kapacitor as an error.
    """
    from kapnb.agent import EXIT_OK, claim_stdio
    from kapnb.compat import _ending, install

    listened_to = not stat.S_ISCHR(os.fstat(0).st_mode)  # no terminal, not /dev/null
    stream = claim_stdio()
    install()
    _ending.leave_to_caller()
    try:
        _execute(path, arguments)
    except SystemExit as leave:
        if leave.code in (None, EXIT_OK):
            return _ending.status()
        if not listened_to or _ending.has_begun():
            raise
        return _ending.report(stream, HandlerError(f"{path.name} ended itself: {leave.code}"))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if not listened_to or _ending.has_begun():
            raise
        return _ending.report(stream, _described(error, path))
    return _ending.status()


def _execute(path: Path, arguments: Sequence[str]) -> None:
    file = str(path.absolute())
    main = ModuleType("__main__")
    main.__file__ = file
    main.__loader__ = SourceFileLoader("__main__", file)
    sys.modules["__main__"] = main
    sys.argv = [str(path), *arguments]
    if not getattr(sys.flags, "safe_path", False):  # since Python 3.11
        sys.path[0] = str(path.resolve().parent)
    with io.open_code(file) as source:
        code = compile(source.read(), file, "exec")
    exec(code, main.__dict__)  # noqa: S102  # running the script is what we are asked to do


def _described(error: BaseException, path: Path) -> HandlerError:
    """Say what a script raised, and in which of its lines."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == path.absolute().parent
    ]
    place = f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name}" if frames else ""
    if frames:
        place += f": {frames[-1].line})"
    described = HandlerError(f"{type(error).__name__}: {error}{place}")
    described.__cause__ = error
    return described
