"""Archives whose bytes depend on what they hold and on nothing else: no time, no owner."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from kapnb_exporter.formats import File

__all__ = ["tar_bytes", "unpack_tar", "zip_bytes"]

#: The oldest time that a zip archive can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FOLDER = 0o40755
_MS_DOS_FOLDER = 0x10


def zip_bytes(files: Iterable[File], *, folders: bool = False) -> bytes:
    """Return a zip archive of files, in their order.

    Parameters
    ----------
    files : iterable of File
        What it holds.
    folders : bool, default: False
        Whether folders have entries; without them `zipimport` sees no namespace packages.

    Examples
    --------
    >>> from kapnb_exporter.formats import File
    >>> zip_bytes([File("a/b.py", b"")]) == zip_bytes([File("a/b.py", b"")])
    True
    """
    content = io.BytesIO()
    known: set[str] = set()
    with zipfile.ZipFile(content, "w") as archive:
        for file in files:
            for folder in _folders(file.path) if folders else ():
                if folder not in known:
                    known.add(folder)
                    entry = zipfile.ZipInfo(f"{folder}/", _EPOCH)
                    entry.external_attr = _FOLDER << 16 | _MS_DOS_FOLDER
                    archive.writestr(entry, b"")
            entry = zipfile.ZipInfo(file.path, _EPOCH)
            entry.external_attr = file.mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.content)
    return content.getvalue()


def tar_bytes(files: Iterable[File]) -> bytes:
    """Return an uncompressed tar archive of files, in their order, without entries for folders.

    Examples
    --------
    >>> import io, tarfile
    >>> from kapnb_exporter.formats import File
    >>> tarfile.open(fileobj=io.BytesIO(tar_bytes([File("a/b.py", b"")]))).getnames()
    ['a/b.py']
    """
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            entry = tarfile.TarInfo(file.path)
            entry.size, entry.mode = len(file.content), file.mode
            archive.addfile(entry, io.BytesIO(file.content))
    return content.getvalue()


def unpack_tar(path: Path, folder: Path) -> None:
    """Unpack an archive that `tar_bytes` has made."""
    with tarfile.open(path) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            assert content is not None, "there are files alone in it"
            there = folder / entry.name
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(content.read())
            there.chmod(entry.mode)


def _folders(path: str) -> list[str]:
    """Return the folders above a path, the outermost first."""
    return [str(parent) for parent in PurePosixPath(path).parents if str(parent) != "."][::-1]
