"""The glossary has the project's nouns; what was tested where names the versions that are tested."""

from __future__ import annotations

import re

import pytest

from kapnb.protocol import Kind
from pages import DOCS, ROOT

GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
WORDS = {
    word
    for row in re.findall(r"^\| (\*\*.+?) \|", GLOSSARY, re.MULTILINE)
    for word in re.findall(r"\*\*(.+?)\*\*", row)
}
NOUNS = [
    "Handler",
    "Point",
    "Batch",
    "Option",
    "Options",
    "Group",
    "Snapshot",
    "Connection",
    "Session",
    "Agent",
    "Server",
    "Simulation",
    "TaskRun",
    "Transcript",
    "Source",
    "Moment",
]
CONSTRAINTS = dict(
    re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
)
TESTED = (DOCS / "notebook.md").read_text(encoding="utf-8").partition("## What was tested where")[2]


@pytest.mark.parametrize("noun", NOUNS)
def test_the_glossary_has_each_noun(noun):
    """Those the design turns on."""
    assert noun in WORDS


def test_the_words_of_a_conversation_are_in_the_glossary():
    """All that may be said, as the tables of the protocol name it."""
    assert {kind.name.lower() for kind in Kind} - WORDS <= {"error"}


def test_no_word_is_explained_twice():
    """A word has one meaning."""
    rows = re.findall(r"^\| \*\*(.+?) \|", GLOSSARY, re.MULTILINE)
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize(
    "package", ["jupyterlab", "notebook", "nbconvert", "papermill", "nbval", "ipython"]
)
def test_the_versions_that_were_tested_are_those_pinned(package):
    """As far as they are written out: 7.17 is 7.17.2."""
    version = re.search(rf"\| (?:[^|\n]*, )?{package} (\d+(?:\.\d+)+)", TESTED, re.IGNORECASE)

    assert version is not None
    assert f"{CONSTRAINTS[package]}.".startswith(f"{version[1]}.")


def test_both_releases_of_pandas_are_those_tested():
    """The pinned one, and that of `make pandas`."""
    pinned, other = re.findall(r"^\| pandas ([\d.]+) ", TESTED, re.MULTILINE)

    assert f"{CONSTRAINTS['pandas']}.".startswith(f"{pinned}.")
    assert f"pandas=={other}." in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_pythons_are_those_the_package_is_for():
    """The oldest that may install kapnb, and the one for scripts."""
    least = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())

    assert least is not None
    assert re.findall(r"^\| Python ([\d.]+) \|", TESTED, re.MULTILINE)[:2] == [least[1], "3.10"]
