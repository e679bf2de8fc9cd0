"""The scripts of the corpus as linters, type checkers and importers see them."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kapnb

CORPUS = Path(__file__).parent / "corpus"
SCRIPTS = sorted(path.parent.name for path in CORPUS.glob("*/script.py"))


@pytest.mark.parametrize("case", SCRIPTS)
def test_linters_find_nothing(case):
    """Nothing but the analyst's own lambdas makes ruff complain, E402 least of all."""
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    rules = "E4,E7,E9,F,I001,W"
    command = [ruff, "check", "--isolated", "--no-cache", "--select", rules, "--ignore", "E731"]
    # Wherever it lies: kapnb may be an installed package, or at home as in its own checkout.
    for kapnb_is in ("first", "third"):
        known = f'lint.isort.known-{kapnb_is}-party=["kapnb"]'
        done = subprocess.run(
            [*command, "--config", known, str(CORPUS / case / "script.py")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_type_checkers_find_nothing(tmp_path):
    """All scripts of the corpus, in one run of mypy."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    for case in SCRIPTS:
        shutil.copy(CORPUS / case / "script.py", tmp_path / f"{case}.py")
    for module in ("pumps.py", "units"):
        place = CORPUS / "brought_module" / module
        (shutil.copytree if place.is_dir() else shutil.copy)(place, tmp_path / module)
    command = [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--cache-dir", os.devnull]
    folder = Path(kapnb.__file__).parents[1]
    done = subprocess.run(
        [*command, "."],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(folder)},
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_script_can_be_imported(case):
    """Importing a script starts nothing: all that serves stands under a condition."""
    tree = ast.parse((CORPUS / case / "script.py").read_text(encoding="utf-8"))
    conditions = [ast.unparse(node.test) for node in tree.body if isinstance(node, ast.If)]
    assert conditions[0] == conditions[-1] == "__name__ == '__main__'"
