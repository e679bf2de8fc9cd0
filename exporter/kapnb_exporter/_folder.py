"""Copying a notebook's folder: what may be needed, up to a limit, and nothing else.

A notebook in a home or in ``/tmp`` stands among many things that it never reads. The folder is
looked through before anything is copied, and refused where it is too much.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NoReturn

from kapnb.errors import ExportError

__all__ = ["copy_folder"]

#: Never copied: environments, caches and what is hidden, large and of no use to a notebook.
_LEFT_BEHIND = (".*", "__pycache__", "node_modules", "venv", "env")
#: Sets the limit to another number of MiB.
_MIB_MAX = "KAPNB_FOLDER_MAX"
_MIB = 1 << 20
_DEFAULT_MAX = 2048
_FILES_MAX = 50_000
#: From so many bytes on a person is told what takes time.
_WORTH_TELLING = 100 * _MIB
#: How many of the largest things are named.
_NAMED = 3


def copy_folder(source: Path, target: Path, tell: Callable[[str], None] | None = None) -> None:
    """Copy a notebook's folder, without environments and caches, to where nothing is yet.

    Left out are also sockets, pipes and devices, links that lead nowhere or back, and what may
    not be read.

    Parameters
    ----------
    source, target : Path
        Folders.
    tell : callable, optional
        Takes a sentence, for a person who waits.

    Raises
    ------
    ExportError
        If there is more than the limit, before anything is copied.
    """
    limit = _limit()
    files: list[tuple[Path, Path]] = []
    folders: list[Path] = []
    sizes: dict[str, int] = {}  # by what stands in the folder itself
    total = 0
    for path, size in _found(source, (os.path.realpath(source),)):
        relative = path.relative_to(source)
        if size is None:
            folders.append(relative)
            continue
        files.append((path, relative))
        total += size
        top = relative.parts[0]
        sizes[top] = sizes.get(top, 0) + size
        if total > limit * _MIB or len(files) > _FILES_MAX:
            _refuse(source, limit, sizes)
    if tell is not None and total >= _WORTH_TELLING:
        tell(f"copying the notebook's folder: {total // _MIB} MiB in {len(files)} files")
    target.mkdir(parents=True)
    for relative in folders:
        (target / relative).mkdir()
    for path, relative in files:
        try:
            shutil.copy2(path, target / relative)
        except FileNotFoundError:  # gone meanwhile, as files of other programs go
            continue


def _found(folder: Path, above: tuple[str, ...]) -> Iterator[tuple[Path, int | None]]:
    """Yield what is to be copied, with its size; of a folder, which comes first, None."""
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if any(fnmatch(entry.name, pattern) for pattern in _LEFT_BEHIND):
            continue
        path = folder / entry.name
        try:
            status = entry.stat()
        except OSError:  # a link that leads nowhere, or a file that has just gone
            continue
        if stat.S_ISREG(status.st_mode):
            if os.access(path, os.R_OK):
                yield path, status.st_size
        elif stat.S_ISDIR(status.st_mode) and os.access(path, os.R_OK | os.X_OK):
            real = os.path.realpath(path)
            if real not in above and not (path / "pyvenv.cfg").exists():
                yield path, None
                yield from _found(path, (*above, real))


def _limit() -> int:
    """Return how many MiB may be copied."""
    given = os.environ.get(_MIB_MAX, "")
    if not given:
        return _DEFAULT_MAX
    if not given.isdecimal() or not int(given):
        raise ExportError(f"{_MIB_MAX}={given!r}: it must be a number of MiB, such as 8192")
    return int(given)


def _refuse(source: Path, limit: int, sizes: dict[str, int]) -> NoReturn:
    largest = sorted(sizes, key=lambda name: -sizes[name])[:_NAMED]
    named = ", ".join(f"{name} ({sizes[name] / _MIB:,.0f} MiB)" for name in largest)
    raise ExportError(
        f"the notebook's folder holds more than {limit} MiB or {_FILES_MAX:,} files, and a copy "
        f"of it is what the notebook runs in; the most so far: {named}. Move the notebook, with "
        f"what it reads, into a folder of its own, or allow more: {_MIB_MAX}=8192 (MiB)",
        where=str(source),
        code="KN409",
    )
