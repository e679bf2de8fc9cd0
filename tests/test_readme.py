"""The README tells the truth."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from kapnb.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_example_runs():
    """As it stands, beside the notebooks."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    code = code.replace("simulate(\n", "run = simulate(\n") + "print(run)\n"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "notebooks", capture_output=True, check=False
    )

    assert done.stderr.decode() == ""
    assert done.stdout.decode() == "Simulation(MovingAverage: 2484 points in, 2484 points out)\n"


def test_every_command_is_in_the_table():
    """And none that does not exist."""
    named = set(re.findall(r"^\| `kapnb (\w+)", README, re.MULTILINE))

    others = {point.name for point in entry_points(group="kapnb.commands")}
    assert named == {*COMMANDS, *others}


def test_links_lead_somewhere():
    """Every relative link names a file of the repository."""
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "ARCHITECTURE.md"]:
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8"))
        missing = [link for link in links if not (document.parent / link).exists()]
        assert missing == [], document


def test_every_target_of_the_makefile_has_a_word_of_help():
    """Bare `make` lists them all."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    helped = set(re.findall(r"^(\w+):.*## ", makefile, re.MULTILINE))

    assert set(phony[1].split()) == helped
