"""What an export can be written as: one module a format, and one line in `FORMATS`.

A format turns a `Product`, whose script was proven, into the files that are written. It has
``HELP``, a line, and ``files(product)``, which returns them; it decides neither where they go
nor whether.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, cast

from kapnb.errors import ExportError

__all__ = ["FORMATS", "File", "Format", "Product", "format_named"]

#: Name → module; a new format is a module and a line.
FORMATS = {
    "script": "kapnb_exporter.formats.script",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written.

    Parameters
    ----------
    path : str
        Where, relative to the output folder, with ``/``.
    content : bytes
        What it holds.
    mode : int, default: 0o644
        Its permissions.
    """

    path: str
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Product:
    """What an export has made, whatever it is written as.

    Parameters
    ----------
    name : str
        The one from which all names are derived: the script's, without suffix.
    handler : str
        The Handler's class.
    notebook : str
        The notebook's file name.
    script : str
        The source of the script.
    requirements : tuple of str
        What must be installed.
    beside : tuple of File
        What must lie beside the script: modules and artifacts.
    """

    name: str
    handler: str
    notebook: str
    script: str
    requirements: tuple[str, ...]
    beside: tuple[File, ...] = field(default=())


class Format(Protocol):
    """A module of this package."""

    HELP: str

    def files(self, product: Product) -> Iterable[File]:
        """Return the files to write."""
        ...


def format_named(name: str) -> Format:
    """Return the format of that name.

    Raises
    ------
    ExportError
        If there is none.
    """
    if name not in FORMATS:
        raise ExportError(f"there is no format {name}; there is {', '.join(sorted(FORMATS))}")
    return cast(Format, importlib.import_module(FORMATS[name]))
