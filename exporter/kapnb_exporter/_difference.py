"""Two answers side by side, and what else differs between the notebook and the script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kapnb.simulation import Difference

__all__ = ["side_by_side"]

_WIDTH = 34


def side_by_side(difference: Difference) -> str:
    """Write the first answers that differ as a table, with a mark where they do.

    Examples
    --------
    >>> print(side_by_side(Difference(3, 'point {"time": 1, "fields": {"x": 1.0}}', "")))
    answer 3             notebook                            script
      kind               point                               (nothing)                           ←
      fields.x           1.0                                                                     ←
      time               1                                                                       ←
    """
    ours, theirs = _flat(difference.expected), _flat(difference.found)
    lines = [_row(f"answer {difference.number}", "notebook", "script")]
    for key in sorted({*ours, *theirs}, key=lambda key: (key != "kind", key)):
        one, other = ours.get(key, ""), theirs.get(key, "")
        lines.append(_row(f"  {key}", one, other, "←" if one != other else ""))
    return "\n".join(lines)


def _row(key: str, one: str, other: str, mark: str = "") -> str:
    return f"{key:<20} {_cut(one):<{_WIDTH}}  {_cut(other):<{_WIDTH}}  {mark}".rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _flat(text: str) -> dict[str, str]:
    if not text:
        return {"kind": "(nothing)"}
    kind, _, content = text.partition(" ")
    return {"kind": kind, **dict(_items("", json.loads(content)))}


def _items(prefix: str, content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _items(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", json.dumps(value, ensure_ascii=False)
