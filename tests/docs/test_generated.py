"""What is generated and committed under docs is what would be generated now."""

from __future__ import annotations

import argparse
import os
import re
import xml.etree.ElementTree as ET

import pytest

from kapnb.cli import build_parser
from kapnb.protocol import Kind, State
from kapnb.protocol._states import REQUESTS
from sitekit import commands, diagrams
from sitekit.generated import DOCS, files

FILES = files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_generated_file_is_fresh(path):
    """KAPNB_UPDATE=1, or make pages, writes it anew: read the diff."""
    if os.environ.get("KAPNB_UPDATE"):
        path.write_text(FILES[path], encoding="utf-8")

    assert path.read_text(encoding="utf-8") == FILES[path]


@pytest.mark.parametrize("parser", [*commands.commands(build_parser())], ids=lambda one: one.prog)
def test_the_page_of_commands_says_all_that_help_says(parser, monkeypatch):
    """Word by word, on a terminal wide enough that argparse folds nothing."""
    monkeypatch.setenv("COLUMNS", "10000")
    monkeypatch.setenv("NO_COLOR", "1")
    said = re.sub(r"\\([|*<])|`", r"\1", FILES[DOCS / "cli.md"])

    # Usage is laid out in another way, and "-h, --help" is the same everywhere.
    lines = parser.format_help().partition("\n\n")[2].splitlines()
    shown = [re.split(r"\s{2,}", line.strip()) for line in lines if "show this help" not in line]
    words = [part.rstrip(":.").replace("`", "") for line in shown for part in line if part]
    missing = [part for part in words if part.lower() not in said.lower() and not spelt(part, said)]
    assert missing == []


def spelt(part, said):
    """Tell whether a list of options stands there, in the order or form of another Python."""
    names = re.findall(r"--?[\w-]+", part)
    return bool(names) and all(name in said for name in names)


def test_a_command_line_is_folded_at_a_fixed_width(monkeypatch):
    """Whatever the terminal; and an argument is never torn from its value."""
    parser = argparse.ArgumentParser(prog="kapnb try")
    for number in range(9):
        parser.add_argument(f"--option-{number}", metavar="SOME VALUE")

    monkeypatch.setenv("COLUMNS", "40")
    lines = commands.usage(parser).splitlines()

    assert len(lines) == 3
    assert all(len(line) <= 88 for line in lines)
    assert all(line.endswith("VALUE]") for line in lines)


@pytest.mark.parametrize("name", diagrams.DIAGRAMS)
def test_every_transition_is_in_the_diagram(name):
    """Each pair of states is joined by one arrow that names the kinds of messages."""
    states, _ = diagrams.DIAGRAMS[name]
    drawing = ET.fromstring(diagrams.diagram(name))

    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    arrows = [
        element
        for element in drawing.iter("{http://www.w3.org/2000/svg}path")
        if element.get("class") == "arrow"
    ]
    pairs = {(state, after) for state, row in states.items() for after in row.values()}
    kinds = {kind.name.lower() for row in states.values() for kind in row}
    assert len(arrows) == len(pairs) + 1  # and the one that leads in
    assert {state.name for state, _ in pairs} < set(texts)
    assert kinds <= set(re.findall(r"\w+", " ".join(texts)))


def test_a_changed_table_changes_picture_and_table(monkeypatch):
    """They are drawn from the tables of the protocol."""
    picture, table = diagrams.diagram("requests"), diagrams.table("requests")

    monkeypatch.delitem(REQUESTS[State.READY], Kind.RESTORE)

    assert "restore" in picture
    assert "restore" not in diagrams.diagram("requests")
    assert table != diagrams.table("requests")
