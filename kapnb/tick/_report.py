"""The judgement of a script as lines to read: refusals, remarks, lints, and a verdict.

Where a place is, in a file or in a notebook's cell, the caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kapnb.errors import TickError
from kapnb.tick._check import ScriptCheck

__all__ = ["Where", "excerpt", "refusals", "remarks", "verdict"]

#: Says where a line and column of the script are, such as ``file.tick:3:5``.
Where = Callable[[int, int], str]


def refusals(check: ScriptCheck) -> Iterator[tuple[TickError, str]]:
    """Yield what Kapacitor refuses, with the text that it would show."""
    if check.define:
        yield check.define, f"invalid TICKscript: {check.define}"
    if check.enable:
        yield check.enable, str(check.enable)


def remarks(check: ScriptCheck, where: Where) -> Iterator[str]:
    """Yield what was not checked, and what Kapacitor would accept in silence."""
    for remark in check.unchecked:
        yield f"{where(*remark.position)}: not checked: {remark.text}"
    for found in check.lints:
        yield f"{where(*found.position)}: {found.code} {found.text}"
        yield f"    → {found.remedy}"


def verdict(check: ScriptCheck) -> str:
    """Return the judgement in a few words."""
    counts = [
        f"{len(items)} {one if len(items) == 1 else many}"
        for items, one, many in (
            (check.lints, "remark", "remarks"),
            (check.unchecked, "place not checked", "places not checked"),
        )
        if items
    ]
    accepted = "defined but not run" if check.enable else "accepted"
    return ", ".join(["refused" if check.define else accepted, *counts])


def excerpt(text: str, line: int, column: int) -> tuple[str, str]:
    """Return a line of a script, and a caret under the place."""
    source = text.split("\n")[line - 1]
    # Kapacitor counts bytes; a caret stands under a character.
    before = source.encode()[: column - 1].decode(errors="ignore")
    return source, "".join("\t" if char == "\t" else " " for char in before) + "^"
