"""The corpus: one folder per rule, with the notebook and what becomes of it.

``corpus/<case>/cells.py`` is a notebook in percent format; its first line is the claim.
Beside it stands ``script.py``, the script it gives, or ``refusal.txt``, the message.
A line ``# handler: NAME`` names the Handler; other files lie beside the notebook.
``KAPNB_UPDATE=1`` writes what is there now; the diff is then to be read.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kapnb
from kapnb.errors import ExportError
from kapnb_exporter import close, find_handler, read_notebook, render

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(folder.name for folder in CORPUS.iterdir())
SCRIPTS = [case for case in CASES if (CORPUS / case / "script.py").exists()]
EXPECTATIONS = ("script.py", "refusal.txt")


@pytest.fixture
def outcome_of(write_notebook, tmp_path):
    """Give a function from a case to the name of its expectation and the text."""

    def run(case):
        folder = CORPUS / case
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
        text = (folder / "cells.py").read_text(encoding="utf-8")
        chosen = re.search(r"^# handler: (\w+)$", text, re.MULTILINE)
        notebook = read_notebook(write_notebook(text, f"{case}.ipynb"))
        try:
            marked = find_handler(notebook, chosen and chosen[1])
            return "script.py", render(close(notebook, marked))
        except ExportError as error:
            return "refusal.txt", f"{error}\n"

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


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_script_is_valid_python(case):
    """A golden script compiles, on the interpreter that runs the tests."""
    text = (CORPUS / case / "script.py").read_text(encoding="utf-8")
    compile(ast.parse(text), case, "exec")


@pytest.mark.parametrize("case", SCRIPTS)
def test_linters_find_imports_at_the_top(case):
    """Nothing but the analyst's own lambdas makes ruff complain, E402 least of all."""
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    rules = "E4,E7,E9,F,I001,W"
    kapnb_apart = 'lint.isort.known-first-party=["kapnb"]'
    command = [ruff, "check", "--isolated", "--no-cache", "--select", rules, "--ignore", "E731"]
    command += ["--config", kapnb_apart, str(CORPUS / case / "script.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _mark(*args, **_):
    """Stand in for @udf, with arguments and without."""
    return args[0] if args else _mark


@pytest.fixture
def bare_kapnb(monkeypatch):
    """Give kapnb the few names that scripts of the corpus import, and no behaviour."""
    names = {"Handler": object, "Option": _mark, "STREAM": 1, "BATCH": 2, "udf": _mark}
    for name, value in names.items():
        monkeypatch.setattr(kapnb, name, value, raising=False)


@pytest.mark.usefixtures("bare_kapnb")
@pytest.mark.parametrize("case", SCRIPTS)
def test_definitions_stand_in_an_order_that_runs(case):
    """Importing a script defines everything without a NameError."""
    text = (CORPUS / case / "script.py").read_text(encoding="utf-8")
    scope = {"__name__": "script"}
    try:
        exec(compile(text, case, "exec"), scope)
    except ImportError as error:
        pytest.skip(f"{error.name} is not installed")
    handler = text.rpartition("(")[2].partition(")")[0]
    assert isinstance(scope[handler], type)


def test_hash_seeds_do_not_change_a_byte():
    """Two processes with different hash seeds export the whole corpus alike."""
    program = (
        "import sys, json; from pathlib import Path\n"
        f"sys.path.insert(0, {str(CORPUS.parent)!r})\n"
        "from conftest import notebook_json\n"
        "from kapnb_exporter._notebook import notebook_from_json\n"
        "from kapnb_exporter import close, find_handler, render\n"
        f"for case in {[case for case in SCRIPTS if case != 'one_of_several']!r}:\n"
        f"    path = Path({str(CORPUS)!r}, case, 'cells.py')\n"
        "    notebook = notebook_from_json(notebook_json(path.read_text()), path)\n"
        "    print(render(close(notebook, find_handler(notebook))))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1
    assert b"claim_stdio" in outputs.pop()
