"""Files with what a test once gave, to compare with what it gives now.

A file is text that a person reads in a diff: one line a message. It is written whole or not at
all, and only on request.
"""

from __future__ import annotations

import difflib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kapnb._files import write_whole
from kapnb.model import Batch, Point
from kapnb.simulation import Simulation, TaskRun, Transcript, UdfRun, message_to_text

__all__ = ["FOLDER", "Golden", "difference_of_lines", "outputs_to_lines"]

#: Name of the folder, beside the test, that holds the files of its modules.
FOLDER = "kapnb_snapshots"
#: Most lines of a difference that are shown.
_LINES_MAX = 40
_NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")


class Golden:
    """What the fixture `kapnb_snapshot` gives.

    Parameters
    ----------
    module : Path
        The test's file.
    test : str
        The test's name, parameters included.
    update : bool
        Whether to write instead of compare.
    """

    def __init__(self, module: Path, test: str, *, update: bool) -> None:
        self._folder = module.parent / FOLDER / module.stem
        self._test, self._update = test, update
        self._used: set[Path] = set()

    def __call__(self, value: Any, name: str = "", *, rel: float = 0.0) -> None:
        """Compare `value` with the file of this test; fail if they differ.

        Parameters
        ----------
        value : Simulation, TaskRun, Transcript, DataFrame, str, or iterable of Point and Batch
            Of a Simulation, or the run of a task's UDF, the outputs are compared, each with its
            input's position; of a task its records, as ``kapnb simulate --tick`` writes them.
        name : str, optional
            Tells several snapshots of one test apart.
        rel : float, default: 0.0
            Relative tolerance of doubles; 0 compares exactly. `sum` of floats, for one, differs
            between releases of Python.

        Raises
        ------
        AssertionError
            If they differ, or there is no file.
        """
        lines = _lines(value)
        path = self.path(name)
        if path in self._used:
            raise AssertionError(f"{path.name} was used in this test already; give name=…")
        self._used.add(path)
        if self._update:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, "".join(f"{line}\n" for line in lines))
            return
        if not path.is_file():
            raise AssertionError(f"there is no {path} yet: run pytest --kapnb-update and read it")
        expected = path.read_text(encoding="utf-8").splitlines()
        found = difference_of_lines(expected, lines, rel=rel)
        if found:
            raise AssertionError(
                f"this is not what {path} holds; if it is right, run pytest --kapnb-update\n{found}"
            )

    def path(self, name: str = "") -> Path:
        """Return the file of a snapshot."""
        full = f"{self._test}.{name}" if name else self._test
        plain = re.sub(r"[^\w.-]+", "_", full).strip("_")
        if plain != full:  # two names may be plain alike
            plain += f"-{zlib.crc32(full.encode()):08x}"
        return self._folder / f"{plain}.txt"


def _lines(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, Transcript):
        return str(value).splitlines()
    if isinstance(value, Simulation | UdfRun):
        return list(outputs_to_lines((one.item, f"@{one.input} ") for one in value.outputs))
    if isinstance(value, TaskRun):
        return [json.dumps(record.as_dict(), ensure_ascii=False) for record in value.records]
    if hasattr(value, "to_csv"):
        return str(value.to_csv(lineterminator="\n")).splitlines()
    if isinstance(value, Iterable):
        return list(outputs_to_lines((item, "") for item in value))
    raise TypeError(
        f"kapnb_snapshot takes a Simulation, the run of a task or of its UDF, a Transcript, "
        f"DataFrame, text, or Points and Batches, "
        f"not a {type(value).__name__}"
    )


def outputs_to_lines(items: Iterable[tuple[Point | Batch, str]]) -> Iterator[str]:
    """Yield one line a message, each item's first with a mark in front.

    Examples
    --------
    >>> point = Point({"x": 1.5}, time=7, name="m")
    >>> list(outputs_to_lines([(point, "@0 ")]))
    ['@0 point     {"time": 7, "name": "m", "fields": {"x": 1.5}}']
    """
    for item, mark in items:
        messages = item.messages() if isinstance(item, Batch) else (item,)
        for message in messages:
            yield mark + message_to_text(message)


def difference_of_lines(expected: list[str], found: list[str], *, rel: float = 0.0) -> str:
    """Return a readable difference of two texts, empty if there is none."""
    if len(expected) == len(found):
        pairs = zip(expected, found, strict=True)
        found = [one if _near(one, other, rel) else other for one, other in pairs]
    lines = list(difflib.unified_diff(expected, found, "expected", "found", lineterm="", n=2))
    if len(lines) > _LINES_MAX:
        lines[_LINES_MAX:] = [f"… {len(lines) - _LINES_MAX} more lines"]
    return "\n".join(lines)


def _near(one: str, other: str, rel: float) -> bool:
    """Tell whether two lines differ in nothing but the last digits of doubles."""
    if _NUMBER.split(one) != _NUMBER.split(other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(
        first == second
        or abs(float(first) - float(second)) <= rel * max(abs(float(first)), abs(float(second)))
        for first, second in pairs
    )
