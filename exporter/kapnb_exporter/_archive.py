"""Archives whose bytes depend on what they hold and on nothing else: no time, no owner."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from kapnb_exporter.formats import File

__all__ = ["tar_bytes", "unpack", "zip_bytes"]

#: The oldest time that a zip archive can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FOLDER = 0o40755
_MS_DOS_FOLDER = 0x10


def zip_bytes(files: Iterable[File], *, folders: bool = False, compressed: bool = True) -> bytes:
    """Return a zip archive of files, in their order.

    Parameters
    ----------
    files : iterable of File
        What it holds.
    folders : bool, default: False
        Whether folders have entries; without them `zipimport` sees no namespace packages.
    compressed : bool, default: True
        Whether files are; some services refuse what grows too much.

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
            entry.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
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


def unpack(path: Path, folder: Path) -> None:
    """Unpack an archive that `tar_bytes` or `zip_bytes` has made."""
    for name, mode, content in (_in_zip if path.suffix == ".zip" else _in_tar)(path):
        there = folder / name
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(content)
        there.chmod(mode)


def _in_tar(path: Path) -> Iterator[tuple[str, int, bytes]]:
    with tarfile.open(path) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            assert content is not None, "there are files alone in it"
            yield entry.name, entry.mode, content.read()


def _in_zip(path: Path) -> Iterator[tuple[str, int, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            yield entry.filename, entry.external_attr >> 16, archive.read(entry)


def _folders(path: str) -> list[str]:
    """Return the folders above a path, the outermost first."""
    return [str(parent) for parent in PurePosixPath(path).parents if str(parent) != "."][::-1]
