"""What packages have in common: the runtime's files, what a script needs, its oldest Python."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable

from kapnb_exporter._wheel import WHEEL_NAME, read_wheel, runtime_wheel
from kapnb_exporter.formats import File, Product

__all__ = ["digest_of", "oldest_minor", "runtime_files", "wheel_of"]

_FLOOR = re.compile(r'^# requires-python = ">=3\.(\d+)"$', re.MULTILINE)


def wheel_of(product: Product) -> File:
    """Return the wheel of the runtime: the one that was given, or else what is installed here."""
    given = product.request.runtime_wheel if product.request else None
    if given is not None:
        return File(given.name, read_wheel(given))
    return File(WHEEL_NAME, runtime_wheel())


def runtime_files(product: Product) -> list[File]:
    """Return what the runtime's wheel holds, but for the record that only installers read."""
    with zipfile.ZipFile(io.BytesIO(wheel_of(product).content)) as archive:
        return [
            File(name, archive.read(name))
            for name in sorted(archive.namelist())
            if not name.endswith(("/", ".dist-info/RECORD"))
        ]


def oldest_minor(product: Product) -> int:
    """Return the oldest minor version of Python that the script says it runs on.

    Examples
    --------
    >>> oldest_minor(Product("a", "A", "a.ipynb", '# requires-python = ">=3.11"', ()))
    11
    """
    found = _FLOOR.search(product.script)
    assert found is not None, "the exporter has written the line"
    return int(found[1])


def digest_of(files: Iterable[File]) -> str:
    """Return a hash of names and contents."""
    digest = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(file.content).hexdigest()
        digest.update(f"{content} {file.path}\n".encode())
    return digest.hexdigest()
