"""What an export can be written as: one module a format, and one line in `FORMATS`.

A format turns a `Product`, whose script was proven, into the files that are written. It has
``HELP``, a line, and ``files(product)``, which returns them; it decides neither where they go
nor whether. What is started otherwise than the script also has ``starts(product, folder)``,
which puts what was written to use in a folder of its own and says how: that is proven, too.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from kapnb.errors import ExportError

if TYPE_CHECKING:
    from kapnb_exporter._execute import Recording
    from kapnb_exporter._request import Request

__all__ = ["FORMATS", "File", "Format", "Product", "Start", "Started", "format_named"]

#: Name → module; a new format is a module and a line.
FORMATS = {
    "pyz": "kapnb_exporter.formats.pyz",
    "script": "kapnb_exporter.formats.script",
    "tsam": "kapnb_exporter.formats.tsam",
    "wheelhouse": "kapnb_exporter.formats.wheelhouse",
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
    modules : frozenset of str
        What it imports, its artifacts and modules beside it included.
    volatile : tuple of str
        Places in the notebook where the clock, chance or the process decide.
    beside : tuple of File
        What must lie beside the script: modules and artifacts.
    recordings : tuple of Recording
        The simulations of the Handler that the notebook ran.
    request : Request, optional
        What was asked for.
    interpreter : str
        The Python that the script was proven with, and whose packages it had.
    """

    name: str
    handler: str
    notebook: str
    script: str
    requirements: tuple[str, ...]
    modules: frozenset[str] = frozenset()
    volatile: tuple[str, ...] = ()
    beside: tuple[File, ...] = field(default=())
    recordings: tuple[Recording, ...] = ()
    request: Request | None = None
    interpreter: str = sys.executable


@dataclass(frozen=True, slots=True)
class Start:
    """A way to start what was written.

    Parameters
    ----------
    label : str
        What it is called in the table of checks.
    command : tuple of str
        The interpreter, its options, the script.
    env : mapping of str to str, optional
        What the environment has besides.
    reason : str, optional
        Why it cannot be tried here; the other parameters then say nothing.
    """

    label: str
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


class Format(Protocol):
    """A module of this package."""

    HELP: str

    def files(self, product: Product) -> Iterable[File]:
        """Return the files to write."""
        ...


class Started(Format, Protocol):
    """One that is not started as the script is."""

    def starts(self, product: Product, folder: Path) -> Iterable[Start]:
        """Put what was written to `folder` to use, and return how it is started."""
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
