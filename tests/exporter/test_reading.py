"""Reading notebooks: what is accepted, and what a person is told otherwise."""

import json

import pytest

from kapnb.errors import ExportError
from kapnb_exporter import read_notebook

PYTHON = {"nbformat": 4, "metadata": {}, "cells": []}


@pytest.fixture
def read(tmp_path):
    """Give a function that reads any JSON, or text, as a notebook."""

    def run(content):
        path = tmp_path / "some.ipynb"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_notebook(path)

    return run


def test_cells_are_counted_as_a_person_counts_them(read):
    """Markdown cells count, so that `cell 3` is the third on the page."""
    cells = [
        {"cell_type": "markdown", "source": "# Title"},
        {"cell_type": "code", "source": ["a = 1\n", "b = 2"], "metadata": {"tags": ["udf"]}},
        {"cell_type": "raw", "source": ""},
        {"cell_type": "code", "source": "c = 3\r\nd = 4", "metadata": {}},
    ]
    first, second = read({**PYTHON, "cells": cells}).cells
    assert (first.number, first.source, first.tags) == (2, "a = 1\nb = 2", {"udf"})
    assert (second.number, second.source, second.tags) == (4, "c = 3\nd = 4", frozenset())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a notebook: no valid JSON"),
        ([], "is not a notebook: its JSON has no nbformat"),
        ({"nbformat": 3, "worksheets": []}, "has notebook format 3; open it in a current"),
        ({"nbformat": 4}, "is not a valid notebook: KeyError('cells')"),
        ({**PYTHON, "cells": [{"cell_type": "code"}]}, "is not a valid notebook: KeyError"),
        ({**PYTHON, "metadata": {"kernelspec": {"language": "R"}}}, "is a R notebook"),
        ({**PYTHON, "metadata": {"language_info": {"name": "julia"}}}, "is a julia notebook"),
        ({**PYTHON, "metadata": {"kernelspec": "python"}}, "is not a valid notebook"),
    ],
)
def test_what_is_no_python_notebook_is_refused(read, content, message):
    """The message names the file and says what it is instead."""
    with pytest.raises(ExportError) as caught:
        read(content)
    assert str(caught.value).startswith(f"some.ipynb: {message}")


def test_a_missing_file_is_refused(tmp_path):
    """A path that cannot be read gives an ExportError, like everything else here."""
    with pytest.raises(ExportError, match=r"^gone\.ipynb: cannot be read: No such file"):
        read_notebook(tmp_path / "gone.ipynb")
