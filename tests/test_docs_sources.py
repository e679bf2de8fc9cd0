"""docs/sources.md tells the truth."""

import re
from pathlib import Path

import pytest

from kapnb.model import Source

PAGE = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs(code, tmp_path, monkeypatch):
    """As it stands; a Source that it makes gives something, unless it needs a server."""
    monkeypatch.chdir(tmp_path)
    names = {}

    exec(code, names)

    source = names.get("data")
    if source is not None:
        assert isinstance(source, Source)
        assert len(list(source)) > 100


def test_there_are_examples():
    """The test above would pass on a page without any."""
    assert len(EXAMPLES) >= 4
