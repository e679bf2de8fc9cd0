"""The cases of the corpus that give no script, and what is said of them; see test_corpus.py."""

import re
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).parent / "corpus"
#: A case without any expectation is among them.
REFUSED = sorted(folder.name for folder in CORPUS.iterdir() if not (folder / "script.py").exists())

_CODE = re.compile(r"\bKN\d{3}\b")


@pytest.mark.parametrize("case", REFUSED)
def test_a_notebook_gives_its_refusal(case, hold_against_corpus):
    """Every case of the corpus gives, to the byte, what stands beside it."""
    hold_against_corpus(case)


def test_every_refusal_has_a_case():
    """Whatever code the exporter can refuse with, some notebook shows it."""
    package = Path(sys.modules["kapnb_exporter"].__file__).parent
    codes = {code for file in package.rglob("*.py") for code in _CODE.findall(file.read_text())}
    shown = {
        code for file in CORPUS.glob("*/refusal.txt") for code in _CODE.findall(file.read_text())
    }
    # Of a file's name, of options, of large folders, and of what is no reason to refuse: test_closure,
    # test_proof, test_folder, test_notices.
    elsewhere = {"KN302", "KN304", "KN305", "KN405", "KN406", "KN409"}
    assert codes - elsewhere == shown - elsewhere


def test_a_refusal_names_the_cell_and_the_line():
    """But for those about the notebook as a whole."""
    of_the_whole = {"KN101", "KN102", "KN402", "KN403", "KN404", "KN407", "KN408"}
    for file in CORPUS.glob("*/refusal.txt"):
        text = file.read_text()
        code = _CODE.search(text)[0]
        if code not in of_the_whole:
            assert re.match(rf"\S+, (cell \d+, )?line \d+: {code}: ", text), text
