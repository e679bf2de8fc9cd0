"""Turn an exception of user code into one sentence that names the user's own line.

Kapacitor shows this text and nothing else, so it must be enough to find the cause. Imported
when something has gone wrong.
"""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from types import CodeType, FrameType, FunctionType
from typing import Any

from kapnb.errors import HandlerError, KapnbError, LocalProtocolError
from kapnb.model import Point

__all__ = [
    "blame",
    "in_library",
    "is_ours",
    "locate",
    "place_of",
    "place_of_line",
    "public_name",
    "where_it_hangs",
    "wire_text",
]

_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep
#: Where code has a name like ``Class.method.<locals>.function``; Python 3.10 has none.
_QUALIFIED = "co_qualname"
#: Longest text of an error that is sent, in characters: Kapacitor logs it as one line.
_TEXT_MAX = 16_384


def blame(error: BaseException, who: str) -> KapnbError:
    """Return a HandlerError for `error`, with `error` as its cause.

    The text holds the exception's type and message and the last line that is not kapnb's:
    ``KeyError: no field 'x' … in MovingAverage.point, line 3 of handlers.py: state.append(…)``;
    what it stands in is called as its author does: a method with its class, a function alone.
    A HandlerError that says something already is completed, not wrapped.

    Parameters
    ----------
    error : BaseException
        What user code raised.
    who : str
        The Handler's class, or the script.
    """
    message = _message(error)
    head = message if isinstance(error, HandlerError) else f"{public_name(error)}: {message}"
    frames = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not is_ours(frame.f_code.co_filename)
    ]
    own = [found for found in frames if not in_library(found[0].f_code.co_filename)]
    if isinstance(error, SyntaxError) and error.filename and _is_file(error.filename):
        place = f"line {error.lineno} of {_short(error.filename)}"
        return _caused(f"{public_name(error)}: {error.msg} (in {who}, {place})", error)
    if not frames:
        return _caused(f"{head} (in {who})", error)
    frame, line = (own or frames)[-1]
    return _caused(f"{head} (in {_name_of(frame, who)}, {place_of_line(frame, line)})", error)


def _name_of(frame: FrameType, who: str) -> str:
    """Name what a frame runs: ``Class.method``, a function's own name, or `who`."""
    code = frame.f_code
    first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    cls = first if issubclass(type(first), type) else type(first)
    for owner in (cls, frame.f_globals.get(who)):  # the second has static methods, too
        if isinstance(owner, type) and (name := _attribute(owner, code)):
            return f"{owner.__name__}.{name}"
    qualified = getattr(code, _QUALIFIED, code.co_name)
    around = [part for part in qualified.split(".<locals>.") if not part.startswith("<")]
    return str(around[-1]) if around else who


def _attribute(cls: type, code: CodeType) -> str | None:
    """Return under which name a class has a function, its own if there are several."""
    spaces = [vars(parent) for parent in cls.__mro__]
    if any(code in _codes(space.get(code.co_name)) for space in spaces):
        return code.co_name
    return next((name for space in spaces for name in space if code in _codes(space[name])), None)


def _codes(value: Any) -> list[CodeType]:
    """Return the code of a method, or a property, and of what its decorators wrap."""
    codes = []
    for kind, inner in ((staticmethod, "__func__"), (classmethod, "__func__"), (property, "fget")):
        if isinstance(value, kind):
            value = getattr(value, inner)
    while isinstance(value, FunctionType):
        codes.append(value.__code__)
        value = value.__dict__.get("__wrapped__")
    return codes


def locate(
    error: LocalProtocolError, callback: str, result: Any = None, place: str = ""
) -> LocalProtocolError:
    """Return `error` with the callback, and the line if it is known, in its text.

    Parameters
    ----------
    error : LocalProtocolError
        What the Connection refused.
    callback : str
        Class and method, such as ``MovingAverage.point``.
    result : generator, optional
        What the callback gave; it stands at the line that yielded.
    place : str, optional
        The line, where it is known otherwise.
    """
    frame = getattr(result, "gi_frame", None) or getattr(result, "ag_frame", None)
    if frame is not None:
        place = place_of(frame)
    located = LocalProtocolError(f"{error} (in {callback}{', ' if place else ''}{place})")
    located.located = True
    located.__cause__ = error.__cause__
    return located


def where_it_hangs(thread_id: int | None, *, only_users: bool = False) -> str:
    """Return ``, at line 3 of handlers.py: while True: pass`` for the user's innermost line.

    If no line of the thread is the user's it is a library's, unless `only_users` are wanted.
    """
    frame = sys._current_frames().get(thread_id or 0)
    found = None
    while frame is not None:
        filename = frame.f_code.co_filename
        if _is_users(frame):
            return f", at {place_of(frame)}"
        found = found or (None if is_ours(filename) else frame)
        frame = frame.f_back
    return "" if found is None or only_users else f", at {place_of(found)}"


def comes_from(thread_id: int, function: Any) -> bool:
    """Return whether a thread is in a function of ours, and not in user code called by it."""
    frame = sys._current_frames().get(thread_id)
    while frame is not None and not _is_users(frame):
        if frame.f_code is function.__code__:
            return True
        frame = frame.f_back
    return False


def where_it_waits(waiting: Any) -> str:
    """Return the same for a coroutine that is not running: its innermost line of the user's."""
    found = None
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame is not None and _is_users(frame):
            found = frame
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
    return f", at {place_of(found)}" if found is not None else ""


def _is_users(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    return not in_library(filename) and not is_ours(filename)


def place_of(frame: FrameType) -> str:
    """Return where `frame` stands: line, file and the line's text."""
    return place_of_line(frame, frame.f_lineno)


def place_of_line(frame: FrameType, number: int) -> str:
    """Return where a line of `frame` is, which may be another than the one it stands at."""
    filename = frame.f_code.co_filename
    line = linecache.getline(filename, number, frame.f_globals).strip()
    return f"line {number} of {_short(filename)}" + (f": {line}" if line else "")


def wire_text(error: Any) -> str:
    """Return text that can be sent: valid UTF-8, and of a length that people read."""
    text = str(error).encode(errors="backslashreplace").decode()
    if len(text) <= _TEXT_MAX:
        return text
    half = _TEXT_MAX // 2
    return f"{text[:half]} … {len(text) - _TEXT_MAX} characters … {text[-half:]}"


def public_name(error: BaseException) -> str:
    """Name an exception as its catcher would: a private subclass goes by its base."""
    return next(cls.__name__ for cls in type(error).__mro__ if not cls.__name__.startswith("_"))


def _message(error: BaseException) -> str:
    try:
        point = getattr(error, "obj", None)
        if isinstance(error, AttributeError) and isinstance(point, Point):
            return _no_attribute(error.name or "", point)
        return str(error) or "no message"
    except KeyboardInterrupt:
        raise
    except BaseException:  # user code, too
        return "no message"


def _no_attribute(name: str, point: Point) -> str:
    """Say where a point holds what was looked for as its attribute."""
    for held in ("fields", "tags"):
        if name in getattr(point, held):
            return f"a Point has no attribute {name!r}; write point.{held}[{name!r}]"
    return f"a Point has no attribute {name!r}; what it holds is in .fields and .tags"


def is_ours(filename: str) -> bool:
    """Tell whether a file is kapnb's own."""
    return filename.startswith(_OURS)


def in_library(filename: str) -> bool:
    """Tell whether the user only called what stands in this file."""
    return (
        filename.startswith((_STANDARD_LIBRARY, "<frozen "))
        or "site-packages" in filename
        or "dist-packages" in filename
    )


def _is_file(filename: str) -> bool:
    """Tell whether code is the user's own file, and not some text that was evaluated."""
    return not in_library(filename) and not filename.startswith("<")


def _caused(text: str, error: BaseException) -> HandlerError:
    blamed = HandlerError(text)
    blamed.__cause__ = error
    return blamed


def _short(filename: str) -> str:
    """Name a file as people know it; a notebook cell has a made-up name."""
    if "ipykernel" in filename or filename[:1] == "<":
        return "the notebook cell"
    return os.path.basename(filename)
