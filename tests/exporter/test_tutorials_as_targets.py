"""The tutorials mark Handlers that can be exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapnb_exporter._closure import close
from kapnb_exporter._notebook import read_notebook
from kapnb_exporter._select import find_handler

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MARKED = [path for path in NOTEBOOKS if "@udf" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", MARKED, ids=[path.stem[:2] for path in MARKED])
def test_its_handler_can_be_taken_out(path):
    """With what it needs, and nothing of what only the notebook has; nothing is run for that."""
    notebook = read_notebook(path)

    closure = close(notebook, find_handler(notebook))

    assert closure.handler.isidentifier()


def test_there_are_some():
    """The test above would pass without any."""
    assert len(MARKED) >= 6
