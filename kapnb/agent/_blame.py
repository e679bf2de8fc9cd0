"""Turn an exception of user code into one sentence that names the user's own line.

Kapacitor shows this text and nothing else, so it must be enough to find the cause.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from kapnb.errors import HandlerError, KapnbError
from kapnb.handler import Handler

__all__ = ["blame"]

_OURS = str(Path(__file__).parent.parent) + os.sep
_STANDARD_LIBRARY = str(Path(os.__file__).parent) + os.sep


def blame(error: BaseException, handler: Handler | type[Handler]) -> KapnbError:
    """Return a HandlerError for `error`, with `error` as its cause.

    The text holds the exception's type and message and the last line that is not kapnb's:
    ``KeyError: no field 'x' … in MovingAverage.point, line 3 of handlers.py: state.append(…)``.
    A HandlerError that says something already is completed, not wrapped.
    """
    message = _message(error)
    head = message if isinstance(error, HandlerError) else f"{_public_name(error)}: {message}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_OURS)
    ]
    name = (handler if isinstance(handler, type) else type(handler)).__name__
    if not frames:
        return _caused(f"{head} (in {name})", error)
    frame = next((own for own in reversed(frames) if not _in_library(own.filename)), frames[-1])
    code = f": {frame.line}" if frame.line else ""
    place = f"line {frame.lineno} of {_short(frame.filename)}"
    return _caused(f"{head} (in {name}.{frame.name}, {place}{code})", error)


def _message(error: BaseException) -> str:
    try:
        return str(error) or "no message"
    except KeyboardInterrupt:
        raise
    except BaseException:  # user code, too
        return "no message"


def _in_library(filename: str) -> bool:
    """Tell whether the user only called what stands in this file."""
    return (
        filename.startswith((_STANDARD_LIBRARY, "<frozen "))
        or "site-packages" in filename
        or "dist-packages" in filename
    )


def _public_name(error: BaseException) -> str:
    """Name an exception as its catcher would: a private subclass goes by its base."""
    return next(cls.__name__ for cls in type(error).__mro__ if not cls.__name__.startswith("_"))


def _caused(text: str, error: BaseException) -> HandlerError:
    blamed = HandlerError(text)
    blamed.__cause__ = error
    return blamed


def _short(filename: str) -> str:
    """Name a file as people know it; a notebook cell has a made-up name."""
    path = Path(filename)
    return "the notebook cell" if "ipykernel" in filename or filename[:1] == "<" else path.name
