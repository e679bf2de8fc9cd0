"""A notebook to start from: written, run, and with its outputs kept."""

from __future__ import annotations

import importlib.util
import json
import keyword
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kapnb.errors import ExportError
from kapnb_exporter._after import ANSWERS
from kapnb_exporter._execute import execute
from kapnb_exporter._export import script_name
from kapnb_exporter._starters import STARTERS
from kapnb_exporter._write import write_all
from kapnb_exporter.formats import File

__all__ = ["KINDS", "create"]

#: What a notebook may be started as.
KINDS = ("stream", "batch", "model")

_CELL = re.compile(r"^# %%(?P<markdown> \[markdown\])?\n", re.MULTILINE)
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def create(
    name: str, folder: Path, kind: str = "stream", *, tell: Callable[[str], None] | None = None
) -> list[Path]:
    """Write a folder with a notebook that runs, a test and a TICKscript.

    Parameters
    ----------
    name : str
        The Handler's: ``PumpAlarm``, ``pump_alarm`` and ``pump-alarm`` are the same.
    folder : Path
        In which the new folder, of the same name, is made.
    kind : {"stream", "batch", "model"}
        What the Handler takes; ``model`` takes a stream and has a trained model, of
        scikit-learn if that is installed, else of the standard library.
    tell : callable, optional
        Takes a sentence about each cell that runs.

    Returns
    -------
    list of Path
        The files, the notebook first.

    Raises
    ------
    ExportError
        If the name will not do, one of the files is there, or the notebook does not run.
    MissingExtra
        If what runs notebooks is not installed.
    """
    class_name = _class_name(name)
    stem = script_name(class_name).removesuffix(".py")
    home = folder / stem
    files = [f"{stem}.ipynb", f"{stem}.tick", f"test_{stem}.py"]
    for file in files:
        if (home / file).exists():
            raise ExportError(f"{home / file} is there already; choose another name")
    starter = STARTERS[_variant(kind)]
    texts = [
        _filled(text, stem, class_name) for text in (starter.cells, starter.tick, starter.test)
    ]
    notebook = _executed(files, texts, tell or (lambda _: None))
    contents = [notebook, *texts[1:]]
    return write_all(
        home, [File(f, text.encode()) for f, text in zip(files, contents, strict=True)]
    )


def _variant(kind: str) -> str:
    if kind == "model" and importlib.util.find_spec("sklearn") is not None:
        return "model of scikit-learn"
    return kind


def _class_name(name: str) -> str:
    """Return the name as a class has it.

    Raises
    ------
    ExportError
        If it is no name, or the script would hide a module.
    """
    words = [word for word in re.split(r"[-_ ]+", name) if word]
    class_name = "".join(word[0].upper() + word[1:] for word in words)
    if not class_name.isidentifier() or not class_name.isascii() or keyword.iskeyword(class_name):
        raise ExportError(
            f"{name!r} is no name for a Handler; take letters, digits, underscores, a letter first"
        )
    stem = script_name(class_name).removesuffix(".py")
    if stem in sys.stdlib_module_names | {"kapnb", "google", "handler", "udf"}:
        raise ExportError(
            f"{stem}.py would hide a module or be taken for one; choose another name", code="KN302"
        )
    return class_name


def _filled(text: str, stem: str, class_name: str) -> str:
    return text.replace("$NAME", stem).replace("$CLASS", class_name)


def _executed(files: list[str], texts: list[str], tell: Callable[[str], None]) -> str:
    """Run the notebook beside its TICKscript; return it with its outputs."""
    with TemporaryDirectory(prefix="kapnb-new-") as temporary:
        here = Path(temporary)
        for file, text in zip(files[1:], texts[1:], strict=True):
            (here / file).write_text(text, encoding="utf-8")
        notebook = here / files[0]
        notebook.write_text(_notebook(list(_cells(texts[0]))), encoding="utf-8")
        with execute(notebook, _asks_nothing, tell) as execution:
            return _notebook(execution.fresh)


def _asks_nothing(records: Path) -> str:
    """Return a last cell that gives an empty answer: nothing of this run is exported."""
    return f"open({str(records / ANSWERS)!r}, 'w').write('{{}}')"


def _notebook(cells: Iterable[Any]) -> str:
    content = {
        "cells": list(cells),
        "metadata": {"kernelspec": _KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cells(text: str) -> Iterator[dict[str, Any]]:
    """Yield the cells of a text in percent format."""
    _, *parts = _CELL.split(text)
    for number, (markdown, source) in enumerate(zip(parts[::2], parts[1::2], strict=True), 1):
        cell: dict[str, Any] = {
            "cell_type": "markdown" if markdown else "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source.strip("\n").splitlines(keepends=True),
        }
        yield cell if markdown else {**cell, "execution_count": None, "outputs": []}
