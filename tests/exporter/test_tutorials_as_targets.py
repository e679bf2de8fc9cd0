"""The tutorials mark Handlers that can be exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapnb import Handler
from kapnb_exporter.target import load

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MARKED = [path for path in NOTEBOOKS if "@udf" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", MARKED, ids=[path.stem[:2] for path in MARKED])
def test_its_handler_can_be_taken_out(path):
    """With what it needs, and nothing of what only the notebook has."""
    assert issubclass(load(path), Handler)


def test_there_are_some():
    """The test above would pass without any."""
    assert len(MARKED) >= 6
