"""Several files that are written all or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from kapnb.errors import ExportError
from kapnb_exporter.formats import File

__all__ = ["write_all"]


def write_all(folder: Path, files: Iterable[File]) -> list[Path]:
    """Write files into a folder; what was there under their names is replaced.

    Raises
    ------
    ExportError
        If one cannot be written; everything is then as it was.
    """
    staged: list[tuple[Path, Path]] = []
    done: list[tuple[Path, Path | None]] = []  # with where the old content is
    try:
        for file in files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{os.getpid()}")
            staged.append((beside, path))
            beside.write_bytes(file.content)
            beside.chmod(file.mode)
        for beside, path in staged:
            old = path.with_name(f".{path.name}.{os.getpid()}.old") if path.exists() else None
            if old is not None:
                os.link(path, old)
            done.append((path, old))
            beside.replace(path)
    except OSError as error:
        _undo(staged, done)
        raise ExportError(f"{error.filename} cannot be written: {error.strerror}") from error
    for _, old in done:
        if old is not None:
            old.unlink()
    return [path for path, _ in done]


def _undo(staged: Iterable[tuple[Path, Path]], done: Iterable[tuple[Path, Path | None]]) -> None:
    for path, old in done:
        with contextlib.suppress(OSError):
            path.unlink() if old is None else old.replace(path)
    for beside, _ in staged:
        with contextlib.suppress(OSError):
            beside.unlink()
