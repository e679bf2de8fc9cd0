"""docs/tickscript.md names what is simulated, and what is not."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from kapnb.tick import CATALOGUE
from kapnb.tick._functions import FUNCTIONS, NOT_SIMULATED, STATEFUL
from kapnb.tick.nodes import Node

PAGE = (Path(__file__).parents[3] / "docs" / "tickscript.md").read_text(encoding="utf-8")
#: No script can name it.
HIDDEN = {"noOp"}


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_table_lists_every_node_that_runs():
    """And only those; a new one is missed here first."""
    listed = set()
    for line in section("What is simulated").splitlines():
        if line.startswith("| `"):
            listed.update(re.findall(r"\w+", line.split("|")[1].replace("@udf", "")))

    assert listed == {name for name, row in CATALOGUE.items() if row.runs}


def test_the_rest_is_listed_as_not_simulated():
    """With stats and deadman, which are short for nodes that are not."""
    text = re.search(r"Not simulated: `([^`]*)`", PAGE)[1]
    rest = {name for name, row in CATALOGUE.items() if not row.runs} - HIDDEN

    assert set(text.split()) == rest | {"deadman"}


def test_every_path_in_the_catalogue_leads_to_a_node():
    """The dotted paths are resolved when a task runs; a typing error would show only then."""
    for row in CATALOGUE.values():
        if row.runs:
            module, _, name = row.runs.rpartition(".")
            assert issubclass(getattr(importlib.import_module(module), name), Node)


def test_properties_that_a_node_obeys_are_its_properties():
    """None is named that Kapacitor does not have."""
    for row in CATALOGUE.values():
        if row.runs:
            module, _, name = row.runs.rpartition(".")
            running = getattr(importlib.import_module(module), name)
            unknown = (running.obeys | running.ignores) - set(row.object.properties)
            assert not unknown, (row.name, unknown)


def test_no_function_is_simulated_and_refused():
    """The tables do not overlap."""
    assert not set(FUNCTIONS) & (NOT_SIMULATED | set(STATEFUL))
