"""Whether what the notebook shows of its simulations is what a fresh run gives.

Pictures, and what is drawn while a simulation runs, are left out: only text that a person reads
as a result is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from kapnb_exporter._namespace import Namespace, read_namespace
from kapnb_exporter._notebook import Notebook
from kapnb_exporter._statements import Statement

__all__ = ["showing_cells", "simulating", "stale_cells"]

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_SHOWN = 100
_SIMULATORS = (".Simulation", ".simulate")


def showing_cells(space: Namespace, handler: str) -> list[int]:
    """Return the numbers of the cells that simulate the Handler, or use what came of it."""
    results: set[str] = set()
    cells: dict[int, None] = {}
    for statement in space.statements:
        reads = {read.name for read in statement.names.reads}
        if reads & results or (handler in reads and _simulates(space, statement)):
            cells[statement.cell] = None
            results.update(statement.names.binds)
    return list(cells)


def simulating(notebook: Notebook, handler: str) -> Iterator[Statement]:
    """Yield the statements that simulate the Handler."""
    space = read_namespace(notebook)
    for statement in space.statements:
        if _simulates(space, statement) and handler in {r.name for r in statement.names.reads}:
            yield statement


def stale_cells(saved: Sequence[Any], fresh: Sequence[Any], cells: Sequence[int]) -> Iterator[str]:
    """Say of each cell whose saved output is not that of the fresh run where they part.

    Parameters
    ----------
    saved, fresh : sequence of cell nodes
        All cells of the notebook, before and after.
    cells : sequence of int
        The numbers, from 1, of those to look at. A cell that has no saved output says nothing.
    """
    for number in cells:
        before = _lines(saved[number - 1])
        after = _lines(fresh[number - 1])
        if before and before != after:
            old, new = _first_difference(before, after)
            yield (
                f"cell {number} shows what a fresh run does not give: saved {old}, fresh {new}; "
                "the script was proven with the fresh run"
            )


def _simulates(space: Namespace, statement: Statement) -> bool:
    paths = (space.absolute(read.path) or "" for read in statement.names.reads)
    return any(path.startswith("kapnb.") and path.endswith(_SIMULATORS) for path in paths)


def _lines(cell: Any) -> list[str]:
    texts: list[str] = []
    for output in cell.get("outputs", ()):
        if output["output_type"] == "stream":
            texts.append(_text(output["text"]) if output["name"] == "stdout" else "")
        elif output["output_type"] in ("execute_result", "display_data"):
            texts.append(_text(output["data"].get("text/plain", "")) + "\n")
    text = _ADDRESS.sub("0x…", "".join(texts))
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _text(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _first_difference(before: list[str], after: list[str]) -> tuple[str, str]:
    for index in range(max(len(before), len(after))):
        pair = [lines[index] if index < len(lines) else "" for lines in (before, after)]
        if pair[0] != pair[1]:
            return _quoted(pair[0]), _quoted(pair[1])
    raise AssertionError("the lines are equal")


def _quoted(line: str) -> str:
    line = " ".join(line.split())
    return f"`{line[:_SHOWN]}`" if line else "nothing"
