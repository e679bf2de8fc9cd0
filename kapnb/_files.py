"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kapnb.errors import TargetError

__all__ = ["whole_file", "write_whole"]


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Give a file of bytes that takes the place of `path` when the block ends without an error.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    mode : int, default: 0o644
        The file's permissions.

    Raises
    ------
    TargetError
        If it cannot be written; what was there before is still there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            yield file
        beside.chmod(mode)
        beside.replace(path)
    except OSError as error:
        raise TargetError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


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
    with whole_file(path, mode=mode) as file:
        file.write(text.encode())
