"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from kapnb.errors import TargetError

__all__ = ["write_whole"]


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write `text` to `path`: first beside it, then renamed over it.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    text : str
        Written as UTF-8.
    mode : int, default: 0o644
        The file's permissions.

    Raises
    ------
    TargetError
        If it cannot be written; what was there before is still there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(mode)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise TargetError(f"{path} cannot be written: {error.strerror}") from error
