"""The tutorials: what CI's comparison of their saved outputs catches."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.slow
def test_an_output_that_was_changed_by_hand_is_caught(tmp_path):
    """One digit of one table is enough, and that cell alone fails."""
    folder = Path(shutil.copytree(NOTEBOOKS, tmp_path / "notebooks"))
    path = folder / "01_quick_start.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if "average.frame" in cell.source)
    (output,) = cell.outputs
    text = output.data["text/plain"]
    digit = next(place for place, sign in enumerate(text) if sign in "123456789")
    output.data["text/plain"] = f"{text[:digit]}0{text[digit + 1 :]}"
    nbformat.write(notebook, path)

    command = ["-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, *command, path], capture_output=True, text=True, cwd=folder, check=False
    )

    assert done.returncode == 1, done.stdout
    codes = sum(cell.cell_type == "code" for cell in notebook.cells)
    assert f"1 failed, {codes - 1} passed" in done.stdout
    assert "average.frame" in done.stdout
