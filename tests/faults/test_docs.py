"""docs/stress.md names what there is, and nothing else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import kapnb.faults
from kapnb.faults import VERDICTS, Fault, _lint_rules, all_faults

TEXT = (Path(__file__).parents[2] / "docs" / "stress.md").read_text(encoding="utf-8")


def rows(first):
    """Return the names in the first column of the table whose head begins so."""
    table = TEXT[TEXT.index(f"| {first}") :].split("\n\n")[0]
    return re.findall(r"^\| `([\w ]+[\w-]*)`", table, re.MULTILINE)


def test_every_fault_is_in_the_table():
    """By its class."""
    assert sorted(rows("class")) == sorted({type(fault).__name__ for fault in all_faults()})
    assert all(issubclass(getattr(kapnb.faults, name), Fault) for name in rows("class"))


def test_every_verdict_is_in_the_table():
    """In the order of the report's own list."""
    assert rows("verdict") == list(VERDICTS)


def test_every_lint_is_in_the_table():
    """In the docs and in the docstring; as many as there are rules."""
    source = Path(_lint_rules.__file__).read_text(encoding="utf-8")
    codes = re.findall(r'Lint\(\s*"([a-z-]+)"', source)
    names = re.findall(r"^\| `([a-z-]+)`", TEXT[TEXT.index("| code") :], re.MULTILINE)

    assert sorted(names) == sorted(codes)
    assert len(codes) == len(_lint_rules.OUTPUT_RULES) + len(_lint_rules.REPLAY_RULES)
    text = inspect.getdoc(kapnb.lint)
    assert all(re.search(rf"^{code} ", text, re.MULTILINE) for code in codes)
