"""Notebooks for the exporter's tests, written as percent-format text.

``# %%`` starts a code cell, ``# %% [markdown]`` a Markdown cell, ``# %% tags=["udf"]`` a
tagged one. Magics stand as a notebook has them. What precedes the first cell is a claim.

And what becomes of the notebooks of the corpus: test_corpus.py says how they are laid out.
"""

import json
import os
import re
import shutil
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from kapnb.errors import ExportError
from kapnb_exporter import (
    Request,
    _requirements,
    close,
    export,
    find_handler,
    read_notebook,
    render,
)

CORPUS = Path(__file__).parent / "corpus"
EXPECTATIONS = ("script.py", "refusal.txt")

_MARKER = re.compile(r"^# %%(?P<options>.*)\n", re.MULTILINE)
_TAGS = re.compile(r"tags=(\[.*\])")
_PIN = re.compile(r'^(#     "(?!kapnb)[\w-]+==)[^"]+', re.MULTILINE)

WriteNotebook = Callable[..., Path]
Export = Callable[..., str]


def notebook_json(text: str) -> dict[str, Any]:
    """Turn percent-format text into a notebook's JSON."""
    _, *parts = _MARKER.split(text)
    cells = []
    for options, source in zip(parts[::2], parts[1::2], strict=True):
        tags = _TAGS.search(options)
        code = "[markdown]" not in options
        cells.append(
            {
                "cell_type": "code" if code else "markdown",
                "id": f"cell-{len(cells) + 1}",
                "metadata": {"tags": json.loads(tags[1])} if tags else {},
                "source": source.rstrip("\n").splitlines(keepends=True),
                **({"execution_count": None, "outputs": []} if code else {}),
            }
        )
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}


@pytest.fixture
def write_notebook(tmp_path: Path) -> WriteNotebook:
    """Give a function that writes percent-format text as a notebook file."""

    def write(text: str, name: str = "notebook.ipynb") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(notebook_json(text)), encoding="utf-8")
        return path

    return write


@pytest.fixture(name="export")
def export_fixture(write_notebook: WriteNotebook) -> Export:
    """Give a function from percent-format text to the script."""

    def run(text: str, handler: str | None = None) -> str:
        notebook = read_notebook(write_notebook(text))
        return render(close(notebook, find_handler(notebook, handler)))

    return run


@pytest.fixture
def refusal(export: Export) -> Callable[..., ExportError]:
    """Give a function from percent-format text to the ExportError it must raise."""

    def run(text: str, handler: str | None = None) -> ExportError:
        with pytest.raises(ExportError) as caught:
            export(text, handler)
        return caught.value

    return run


# ------------------------------------------------------------------------------- the corpus


def request_of(text: str) -> Request:
    """Return what the lines at the top of a case ask for."""
    top = text.partition("# %%")[0]
    asked = dict(re.findall(r"^# (handler|format): (\w+)$", top, re.MULTILINE))
    return Request(bring_modules="# bring modules\n" in top, **asked)


def from_running(error: ExportError) -> bool:
    """Tell a refusal of the proof from one of the closure."""
    return (error.code or "").startswith("KN4")


@pytest.fixture
def outcome_of(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[str, str]]:
    """Give a function from a case to the name of its expectation and the text."""

    def run(case: str) -> tuple[str, str]:
        folder = CORPUS / case
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
        for name in EXPECTATIONS:
            (tmp_path / name).unlink(missing_ok=True)
        if (folder / "installed").exists():
            shutil.move(tmp_path / "installed", installed := tmp_path.with_name(f"{case}-packages"))
            monkeypatch.syspath_prepend(installed)
            monkeypatch.setenv("PYTHONPATH", str(installed))  # the kernel's, and the script's
            monkeypatch.setattr(_requirements, "_providers", packages_distributions)
        text = (folder / "cells.py").read_text(encoding="utf-8")
        notebook = write_notebook(text, f"{case}.ipynb")
        try:
            exported = export(notebook, tmp_path / "out", request_of(text))
        except ExportError as error:
            assert not (tmp_path / "out").exists()
            message = str(error).partition("\n")[0] if from_running(error) else str(error)
            return "refusal.txt", f"{message}\n"
        script = exported.script.read_text(encoding="utf-8")
        return "script.py", _PIN.sub(r"\1VERSION", script)

    return run


@pytest.fixture
def hold_against_corpus(outcome_of: Callable[[str], tuple[str, str]]) -> Callable[[str], None]:
    """Give a function that compares a case, to the byte, with what stands beside it."""

    def run(case: str) -> None:
        name, text = outcome_of(case)
        if os.environ.get("KAPNB_UPDATE"):
            for other in EXPECTATIONS:
                (CORPUS / case / other).unlink(missing_ok=True)
            (CORPUS / case / name).write_text(text, encoding="utf-8")
        expected = {n: f.read_text() for n in EXPECTATIONS if (f := CORPUS / case / n).exists()}
        assert {name: text} == expected

    return run
