"""The corpus: one folder per rule, with the notebook and what becomes of it.

``corpus/<case>/cells.py`` is a notebook in percent format; its first line is the claim.
Beside it stands ``script.py``, the script it gives, or ``refusal.txt``, the message, which
begins with the notebook, the cell, the line and the code. A line ``# handler: NAME`` names the
Handler, ``# bring modules`` has modules brought along, ``# format: NAME`` asks for a package;
other files lie beside the notebook, and what a folder ``installed`` holds counts as installed.

Every script is exported as a whole: the notebook runs, and the script answers its simulations
as a process. Versions of packages stand as ``VERSION``. Of a refusal that came from running,
the first line is compared. ``KAPNB_UPDATE=1`` writes what is there now; read the diff.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import kapnb
from kapnb.errors import ExportError
from kapnb_exporter import Request, _requirements, export

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(folder.name for folder in CORPUS.iterdir())
SCRIPTS = [case for case in CASES if (CORPUS / case / "script.py").exists()]
EXPECTATIONS = ("script.py", "refusal.txt")

_PIN = re.compile(r'^(#     "(?!kapnb)[\w-]+==)[^"]+', re.MULTILINE)
_CODE = re.compile(r"\bKN\d{3}\b")


def request_of(text):
    """Return what the lines at the top of a case ask for."""
    top = text.partition("# %%")[0]
    asked = dict(re.findall(r"^# (handler|format): (\w+)$", top, re.MULTILINE))
    return Request(bring_modules="# bring modules\n" in top, **asked)


def from_running(error):
    """Tell a refusal of the proof from one of the closure."""
    return (error.code or "").startswith("KN4")


@pytest.fixture
def outcome_of(write_notebook, tmp_path, monkeypatch):
    """Give a function from a case to the name of its expectation and the text."""

    def run(case):
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


@pytest.mark.parametrize("case", CASES)
def test_a_notebook_gives_its_script_or_its_refusal(case, outcome_of):
    """Every case of the corpus gives, to the byte, what stands beside it."""
    name, text = outcome_of(case)
    if os.environ.get("KAPNB_UPDATE"):
        for other in EXPECTATIONS:
            (CORPUS / case / other).unlink(missing_ok=True)
        (CORPUS / case / name).write_text(text, encoding="utf-8")
    expected = {n: f.read_text() for n in EXPECTATIONS if (f := CORPUS / case / n).exists()}
    assert {name: text} == expected


def test_every_refusal_has_a_case():
    """Whatever code the exporter can refuse with, some notebook shows it."""
    package = Path(sys.modules["kapnb_exporter"].__file__).parent
    codes = {code for file in package.rglob("*.py") for code in _CODE.findall(file.read_text())}
    shown = {
        code for file in CORPUS.glob("*/refusal.txt") for code in _CODE.findall(file.read_text())
    }
    # Of a file's name, of options, and of what is no reason to refuse: test_closure, test_proof,
    # test_notices.
    elsewhere = {"KN302", "KN304", "KN305", "KN405", "KN406"}
    assert codes - elsewhere == shown - elsewhere


def test_a_refusal_names_the_cell_and_the_line():
    """But for those about the notebook as a whole."""
    of_the_whole = {"KN101", "KN102", "KN402", "KN403", "KN404", "KN407", "KN408"}
    for file in CORPUS.glob("*/refusal.txt"):
        text = file.read_text()
        code = _CODE.search(text)[0]
        if code not in of_the_whole:
            assert re.match(rf"\S+, (cell \d+, )?line \d+: {code}: ", text), text


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
