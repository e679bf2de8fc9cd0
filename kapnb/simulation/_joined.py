"""What went in and came out as one DataFrame: side by side, by group, or what gave nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kapnb.model import Batch
from kapnb.simulation._items import frame_of

if TYPE_CHECKING:
    from kapnb.simulation._passage import Passage

_COUNTS = ("inputs", "outputs", "dropped")
_DIGITS = re.compile(r"(\d+)")

__all__ = ["count_by_group", "dropped_frame", "group_frame", "natural", "pair_frame"]


def pair_frame(passage: Passage) -> Any:
    """Return the points that went in, each beside those that were sent for it.

    Raises
    ------
    ValueError
        If batches went in or came out: their points do not pair.
    """
    outputs = passage.outputs
    if any(isinstance(item, Batch) for item in passage.inputs) or any(
        isinstance(output.item, Batch) for output in outputs
    ):
        raise ValueError(
            "points of batches do not pair; join frame and input_frame by their column 'input'"
        )
    given, sent = passage.input_frame, passage.frame
    sent = sent.rename_axis("time_out").reset_index()
    return (
        given.rename_axis("time")
        .reset_index()
        # An int stays an int where there is a gap beside it.
        .merge(_nullable(sent), on="input", how="left", suffixes=("", "_out"))
        .set_index("time")
    )


def _nullable(frame: Any) -> Any:
    kinds = {"int64": "Int64", "bool": "boolean"}
    return frame.astype(
        {
            name: kinds[str(kind)]
            for name, kind in frame.dtypes.items()
            if name != "input" and str(kind) in kinds
        }
    )


def dropped_frame(passage: Passage) -> Any:
    """Return the inputs for which nothing was sent, one row a point."""
    answered = {output.input for output in passage.outputs}
    return frame_of(
        (item, position) for position, item in enumerate(passage.inputs) if position not in answered
    )


def count_by_group(passage: Passage) -> tuple[list[tuple[str, int, int, int]], int]:
    """Count by the group of the input: what came, what was sent for it, what gave nothing.

    Returns
    -------
    rows : list of (group, in, out, dropped)
        In natural order of the groups, which is that of plots.
    unasked : int
        How many outputs belong to no input.
    """
    answers = [0] * len(passage.inputs)
    unasked = 0
    for output in passage.outputs:
        if output.input >= 0:
            answers[output.input] += 1
        else:
            unasked += 1
    counts: dict[str, list[int]] = {}
    for item, answered in zip(passage.inputs, answers, strict=True):
        count = counts.setdefault(item.group, [0, 0, 0])
        count[0] += 1
        count[1] += answered
        count[2] += not answered
    rows = [(group, given, sent, dropped) for group, (given, sent, dropped) in counts.items()]
    return sorted(rows, key=lambda row: natural(row[0])), unasked


def natural(group: str) -> list[tuple[int, str]]:
    """Sort key by which cpu2 stands before cpu10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(group)]


def group_frame(passage: Passage) -> Any:
    """Return one row a group: what came, what was sent for it, what gave nothing."""
    import pandas as pd

    rows, _ = count_by_group(passage)
    frame = pd.DataFrame([row[1:] for row in rows], columns=list(_COUNTS), dtype="int64")
    frame.index = pd.Index([row[0] for row in rows], name="group", dtype=object)
    return frame
