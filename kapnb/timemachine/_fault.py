"""Where an exception of user code came from: the innermost line, and the variables there."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType

from kapnb.agent._blame import in_library, is_ours, place_of_line
from kapnb.timemachine._shown import shown

__all__ = ["innermost"]

_NAMES_MAX = 40


def innermost(error: BaseException | None) -> tuple[str, dict[str, str]]:
    """Return the line in user code that raised, and the local variables there as text.

    Parameters
    ----------
    error : exception or None
        What a session ended with; what user code raised is its cause.

    Returns
    -------
    line : str
        Empty if no user code was running.
    variables : dict of str to str
    """
    line, variables = "", dict[str, str]()
    for frame, number in _frames(error):
        line = place_of_line(frame, number)
        names = [name for name in frame.f_locals if not name.startswith(("__", "@"))]
        variables = {name: shown(frame.f_locals[name]) for name in names[:_NAMES_MAX]}
    return line, variables


def _frames(error: BaseException | None) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames of user code, the innermost last, of the last error that has any.

    What called into a library is user code, the library is not.
    """
    found = False
    while error is not None and not found:
        trace = error.__traceback__
        while trace is not None:
            filename = trace.tb_frame.f_code.co_filename
            if not is_ours(filename) and not in_library(filename):
                found = True
                yield trace.tb_frame, trace.tb_lineno
            trace = trace.tb_next
        error = error.__cause__
