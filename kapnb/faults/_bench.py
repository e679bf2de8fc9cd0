"""What a trial of a fault works with: the Handler with its clean run, and how to find and shrink.

Whatever kind a fault is of, what shows a mistake is shrunk and reported here.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kapnb.agent._blame import is_ours
from kapnb.errors import KapnbError
from kapnb.faults._compare import look
from kapnb.faults._fault import Fault, Slot
from kapnb.faults._process import Case, Item, Run, play
from kapnb.faults._report import Finding
from kapnb.faults._shrink import shrink
from kapnb.model import Batch

__all__ = [
    "UNCOMPARABLE",
    "Bench",
    "Pair",
    "equal_answers",
    "failure",
    "finding_of",
    "first_other",
    "not_tried",
    "try_pair",
    "within_batch",
]

UNCOMPARABLE = "no failure; the answers cannot be compared"


@dataclass(frozen=True)
class Bench:
    """A Handler, data, and how it answers them without any fault.

    Attributes
    ----------
    case : Case
        The Handler.
    clean : Run
        The run without a fault.
    seed : int
        Where chance begins.
    shared : bool
        Whether the Handler shares state between groups on purpose.
    repeatable : bool
        Whether two runs without a fault are the same; if not, only failures can be judged.
    """

    case: Case
    clean: Run
    seed: int
    shared: bool
    repeatable: bool

    @property
    def items(self) -> Sequence[Item]:
        """The data."""
        return self.clean.inputs


def finding_of(fault: Fault, verdict: str, text: str, **more: Any) -> Finding:
    """Return a finding about `fault`."""
    return Finding(fault.name, verdict, text, fault.reality, **more)


def not_tried(fault: Fault, why: str) -> Finding:
    """Return the finding of a fault that has nothing to work on."""
    return finding_of(fault, "not tried", why)


def failure(
    bench: Bench,
    fault: Fault,
    run: Run,
    way: Callable[[list[Item]], Run],
    slots: Sequence[Slot],
) -> Finding:
    """Report what the Handler raised, with the smallest part of the input on which it does.

    Parameters
    ----------
    bench, fault
        What was tried.
    run : Run
        The run that failed.
    way : callable
        Items → such a run.
    slots : sequence of Slot
        What was given to `way`. Without the fault, a part must not fail.
    """
    assert run.error is not None
    mark = _mark(run.error)

    def fails(items: list[Item]) -> bool:
        error = way(items).error
        return error is not None and _mark(error) == mark

    def shows(part: list[Slot]) -> bool:
        if not fails([slot.item for slot in part]):
            return False
        origins = sorted({slot.origin for slot in part})
        return play(bench.case, [bench.items[origin] for origin in origins]).error is None

    smallest, is_minimal = shrink(slots[: max(len(run.outputs), 1)], shows)
    minimal, is_minimal = within_batch([slot.item for slot in smallest], is_minimal, fails)
    return finding_of(fault, "fails", str(run.error), minimal=minimal, is_minimal=is_minimal)


def within_batch(
    items: list[Item], is_minimal: bool, shows: Callable[[list[Item]], bool]
) -> tuple[list[Item], bool]:
    """Shrink the points of a batch that is alone, too."""
    if len(items) != 1 or not isinstance(items[0], Batch) or len(items[0]) < 2:
        return items, is_minimal
    whole = items[0]

    def cut(points: Any) -> Item:
        return Batch(
            points, name=whole.name, tags=whole.tags, tmax=whole.tmax, by_name=whole.by_name
        )

    points, all_needed = shrink(whole.points, lambda part: shows([cut(part)]))
    return [cut(points)], is_minimal and all_needed


def _mark(error: KapnbError) -> tuple[Any, ...]:
    """Return what makes two failures the same: the kind of exception, and the user's line."""
    cause = error.__cause__
    if cause is None:
        return type(error), str(error)[:40]
    frames = [
        frame for frame in traceback.extract_tb(cause.__traceback__) if not is_ours(frame.filename)
    ]
    return type(cause), (frames[-1].filename, frames[-1].lineno) if frames else ""


def equal_answers(expected: list[Item], found: list[Item]) -> bool:
    """Compare the answers to one input, exactly."""
    return [*map(look, expected)] == [*map(look, found)]


def first_other(
    clean: Run, run: Run, equal: Callable[[list[Item], list[Item]], bool] = equal_answers
) -> int | None:
    """Return the first position with other answers, of those both runs reached."""
    pairs = enumerate(zip(clean.outputs, run.outputs, strict=False))
    return next((position for position, pair in pairs if not equal(*pair)), None)


@dataclass(frozen=True)
class Pair:
    """Two ways to run the same data that must give the same answers.

    Attributes
    ----------
    ways : pair of callable
        Items → Run.
    equal : callable
        Tells whether two lists of answers are the same.
    text : str
        What it means if they are not.
    arrives : callable
        Items → what arrives the second way.
    """

    ways: tuple[Callable[[list[Item]], Run], Callable[[list[Item]], Run]]
    equal: Callable[[list[Item], list[Item]], bool]
    text: str
    arrives: Callable[[list[Item]], list[Item]]

    def first_other(self, items: list[Item]) -> int | None:
        """Return the first position with other answers, of those both runs reached."""
        one, other = (way(items) for way in self.ways)
        return first_other(one, other, self.equal)


def try_pair(bench: Bench, fault: Fault, pair: Pair) -> Finding:
    """Return whether the two ways of `pair` give the same answers to all the data."""
    everything = list(bench.items)
    for way in pair.ways:
        run = way(everything)
        if run.error is not None:
            return failure(
                bench, fault, run, way, list(map(Slot, range(len(everything)), everything))
            )
    if not bench.repeatable:
        return finding_of(fault, "same", UNCOMPARABLE)
    position = pair.first_other(everything)
    if position is None:
        return finding_of(fault, "same", "no answer changed")

    def shows(items: list[Item]) -> bool:
        return pair.first_other(items) is not None

    reached = everything[: position + 1] if shows(everything[: position + 1]) else everything
    part, is_minimal = within_batch(*shrink(reached, shows), shows)
    position = pair.first_other(part) or 0
    one, other = (way(part) for way in pair.ways)
    return finding_of(
        fault,
        "unexpected",
        pair.text,
        minimal=pair.arrives(part),
        is_minimal=is_minimal,
        expected=one.outputs[position],
        found=other.outputs[position],
    )
