"""A notebook as the exporter sees it: its code cells, in order.

Only reading lives here; nothing judges what the code means. ``nbformat`` is not used:
its import costs more than a whole export, and four keys of the JSON are all that counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kapnb.errors import ExportError

__all__ = ["Cell", "Notebook", "notebook_from_json", "read_notebook"]


@dataclass(frozen=True, slots=True)
class Cell:
    r"""One code cell.

    Parameters
    ----------
    number : int
        Position among *all* cells of the notebook, Markdown included, from 1: what a
        person counts on the page, whatever was executed.
    source : str
        The text, with ``\n`` line ends.
    tags : frozenset of str
        The cell's tags.
    id : str
        What the file calls it; empty in files of before format 4.5.
    """

    number: int
    source: str
    tags: frozenset[str] = frozenset()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Notebook:
    """The code cells of one notebook file.

    Parameters
    ----------
    path : Path
        The file; its folder tells local modules from installed ones.
    cells : tuple of Cell
        The code cells, in notebook order.
    """

    path: Path
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return self.path.name

    def cell(self, number: int) -> Cell:
        """Give the code cell with this number."""
        return next(cell for cell in self.cells if cell.number == number)

    def where(self, cell: int, line: int) -> str:
        """Write a place as every message does: ``moving.ipynb, cell 5, line 2``."""
        return f"{self.name}, cell {cell}, line {line}"


def read_notebook(path: str | Path) -> Notebook:
    """Read a notebook file.

    Parameters
    ----------
    path : str or Path
        A notebook in format 4 with a Python kernel.

    Returns
    -------
    Notebook
        Its code cells.

    Raises
    ------
    ExportError
        The file cannot be read, is no notebook, or is not a Python one.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "tiny.ipynb"
    >>> cells = [{"cell_type": "code", "metadata": {}, "source": ["SIZE = 3"]}]
    >>> _ = file.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}))
    >>> read_notebook(file).cells[0].source
    'SIZE = 3'
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportError(f"cannot be read: {error.strerror}", where=path.name) from error
    except ValueError as error:
        raise ExportError(f"is not a notebook: no valid JSON ({error})", where=path.name) from error
    return notebook_from_json(content, path)


def notebook_from_json(content: Any, path: Path) -> Notebook:
    """Make a Notebook of a notebook's JSON, wherever that came from."""
    if not isinstance(content, Mapping) or "nbformat" not in content:
        raise ExportError("is not a notebook: its JSON has no nbformat", where=path.name)
    if content["nbformat"] != 4:
        raise ExportError(
            f"has notebook format {content['nbformat']}; "
            "open it in a current Jupyter and save it, which gives format 4",
            where=path.name,
        )
    try:
        _check_language(content.get("metadata", {}), path)
        cells = tuple(
            Cell(
                number=number,
                source=_text(cell["source"]),
                tags=frozenset(cell.get("metadata", {}).get("tags", ())),
                id=str(cell.get("id", "")),
            )
            for number, cell in enumerate(content["cells"], start=1)
            if cell["cell_type"] == "code"
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ExportError(f"is not a valid notebook: {error!r}", where=path.name) from error
    return Notebook(path, cells)


def _check_language(metadata: Mapping[str, Any], path: Path) -> None:
    """Refuse another language's kernel; a notebook that names none is taken for Python."""
    for key, field in (("language_info", "name"), ("kernelspec", "language")):
        language = (metadata.get(key) or {}).get(field) or "python"
        if language.lower() not in {"python", "ipython"}:
            raise ExportError(
                f"is a {language} notebook; only Python can be exported", where=path.name
            )


def _text(source: str | list[str]) -> str:
    """Join a cell's lines; the format allows both one string and a list of lines."""
    text = source if isinstance(source, str) else "".join(source)
    return text.replace("\r\n", "\n").replace("\r", "\n")
