"""Where in the user's script something was done: the innermost line that is not kapnb's."""

from __future__ import annotations

import os
import sys

__all__ = ["place"]

_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep


def place() -> str:
    """Return ``line 12 of old.py: self._agent.write_response(response)``."""
    import linecache  # not for the start

    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_OURS) and frame.f_back is not None:
        frame = frame.f_back
    filename, number = frame.f_code.co_filename, frame.f_lineno
    code = linecache.getline(filename, number).strip()
    short = "the notebook cell" if "ipykernel" in filename else os.path.basename(filename)
    return f"line {number} of {short}" + (f": {code}" if code else "")
