"""Run the tutorial notebooks and keep their outputs (`make notebooks`).

The outputs are what CI compares with, so everything that differs from run to run without
meaning anything is left out: execution times, versions, names of this machine.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def refresh(path: Path) -> None:
    """Execute one notebook from scratch and write it back."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=300, record_timing=False, resources=resources).execute()
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
        if "outputs" in cell:  # a display without data is where progress was shown, if it took long
            cell.outputs = [output for output in cell.outputs if output.get("data", True)]
    nbformat.write(notebook, path)
    print(f"refreshed {path.name}")


if __name__ == "__main__":
    for notebook in sorted(HERE.glob("*.ipynb")):
        refresh(notebook)
