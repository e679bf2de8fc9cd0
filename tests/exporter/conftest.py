"""Notebooks for the exporter's tests, written as percent-format text.

``# %%`` starts a code cell, ``# %% [markdown]`` a Markdown cell, ``# %% tags=["udf"]`` a
tagged one. Magics stand as a notebook has them. What precedes the first cell is a claim.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kapnb.errors import ExportError
from kapnb_exporter import close, find_handler, read_notebook, render

_MARKER = re.compile(r"^# %%(?P<options>.*)\n", re.MULTILINE)
_TAGS = re.compile(r"tags=(\[.*\])")

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


@pytest.fixture
def export(write_notebook: WriteNotebook) -> Export:
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
