"""What is committed under docs although it is made: where it stands, and what it must say.

``tests/docs/test_generated.py`` compares; ``make pages`` (``KAPNB_UPDATE=1``) writes it anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from sitekit import commands, diagrams

__all__ = ["DOCS", "files"]

DOCS = Path(__file__).parents[1]


def files() -> dict[Path, str]:
    """Return the text that each file should have."""
    found = {DOCS / "cli.md": commands.page(), DOCS / "protocol.md": _protocol()}
    for name in diagrams.DIAGRAMS:
        found[DOCS / "diagrams" / f"{name}.svg"] = diagrams.diagram(name)
    return found


def _protocol() -> str:
    """Return docs/protocol.md with its tables: the rest of the page is written by hand."""
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    for name in diagrams.DIAGRAMS:
        start, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        mark = re.compile(f"{start}.*?{end}", re.DOTALL)
        text, count = mark.subn(f"{start}{diagrams.table(name)}{end}", text)
        if count != 1:
            raise ValueError(f"docs/protocol.md has {count} places for the table of {name}")
    return text
