"""Opening files, and saying what is wrong with them. No format is known here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from kapnb.errors import SourceError

__all__ = ["StrPath", "decode", "open_file", "read_text"]

StrPath = str | os.PathLike[str]


def open_file(path: StrPath) -> BinaryIO:
    """Open `path` for reading bytes.

    Raises
    ------
    SourceError
        If it is missing, a directory, unreadable, or empty. No format here has empty files;
        one is what an interrupted copy leaves.
    """
    where = os.fspath(path)
    try:
        file = Path(path).open("rb")  # noqa: SIM115  # the caller closes it
    except FileNotFoundError:
        raise SourceError(f"there is no such file (looked from {Path.cwd()})", where) from None
    except IsADirectoryError:
        raise SourceError("this is a directory; name one file in it", where) from None
    except OSError as error:
        raise SourceError(f"the file cannot be opened: {error.strerror}", where) from error
    if not file.read(1):
        file.close()
        raise SourceError("the file is empty (0 bytes); copy or record it again", where)
    file.seek(0)
    return file


def decode(data: bytes, where: str) -> str:
    """Return UTF-8 `data` as text.

    Raises
    ------
    SourceError
        If it is not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise SourceError(
            f"byte {error.start} is not UTF-8; save the data as UTF-8", where
        ) from error


def read_text(path: StrPath) -> str:
    """Return the text of a whole file, line ends as they are, without a byte order mark.

    Raises
    ------
    SourceError
        If it cannot be read or is not UTF-8.
    """
    with open_file(path) as file:
        return decode(file.read(), os.fspath(path)).removeprefix("\ufeff")
