"""One fault tried on one Handler: run with it, compare, shrink what shows a mistake.

There is one function a kind of fault, found by `try_fault`. Each returns a Finding and keeps to
the claims of `_compare`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kapnb.agent._blame import is_ours
from kapnb.errors import KapnbError
from kapnb.faults._compare import (
    Breach,
    breach,
    changed,
    look,
    looks,
    same_but_for_order,
    without_new_field,
)
from kapnb.faults._fault import Fault, InputFault, Slot, chance
from kapnb.faults._process import Case, Item, Run, play
from kapnb.faults._report import Finding
from kapnb.faults._resume import lost_at
from kapnb.faults._sessions import CutBatch, GroupsApart, Kill, SlowHandler
from kapnb.faults._shrink import shrink
from kapnb.faults._values import NEW_FIELD, NewField
from kapnb.faults._wire import MapOrder, ShuffledCodec
from kapnb.model import BATCH, Batch

__all__ = ["PIPE_POINTS", "Bench", "try_fault"]

#: Seeds of the two orders of map entries that are tried.
_ORDERS = (1, 2)
#: Small points that a pipe of 64 KiB holds: so many calls may stand before a keepalive.
PIPE_POINTS = 689
_UNCOMPARABLE = "no failure; the answers cannot be compared"


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


def try_fault(bench: Bench, fault: Fault) -> Finding:
    """Return what `fault` does to the Handler of `bench`."""
    for kind, attempt in _ATTEMPTS.items():
        if isinstance(fault, kind):
            return attempt(bench, fault)
    raise TypeError(f"{fault!r} is no fault that can be tried: derive from InputFault")


def _finding(fault: Fault, verdict: str, text: str, **more: Any) -> Finding:
    return Finding(fault.name, verdict, text, fault.reality, **more)


def _not_tried(fault: Fault, why: str) -> Finding:
    return _finding(fault, "not tried", why)


# ----------------------------------------------------------------- faults in the data


def _try_input(bench: Bench, fault: Any) -> Finding:
    slots = fault.slots(bench.items, chance(bench.seed, fault.name))
    untouched = len(slots) == len(bench.items) and all(
        slot.item is item for slot, item in zip(slots, bench.items, strict=True)
    )
    if untouched or not slots:
        return _not_tried(fault, "there is nothing in the data that it could touch")
    run = play(bench.case, [slot.item for slot in slots])
    if run.error is not None:
        return _failure(fault, run, lambda items: play(bench.case, items))
    if not bench.repeatable:
        return _finding(fault, "same", _UNCOMPARABLE)
    found = breach(bench.clean, run, shared=bench.shared)
    if found is not None:
        return _leak(bench, fault, slots, found)
    return _legitimate(bench, fault, run, slots)


def _legitimate(bench: Bench, fault: Fault, run: Run, slots: Sequence[Slot]) -> Finding:
    origins = [slot.origin for slot in slots]
    near = changed(bench.clean, run, origins, untouched=False)
    far = changed(bench.clean, run, origins, untouched=True)
    fewer = len(bench.items) - len(set(origins))
    more = len(slots) - len(set(origins))
    parts = [f"{fewer} inputs less"] if fewer else []
    parts += [f"{more} inputs more"] if more else []
    parts += [f"{near} answers to what it touched changed"] if near else []
    parts += [f"{far} answers to what it left alone changed"] if far else []
    if run.skipped:
        parts.append(f"{run.skipped} points were skipped by error_policy")
    return _finding(
        fault, "changes" if near or far else "same", "; ".join(parts) or "no answer changed"
    )


def _failure(fault: Fault, run: Run, way: Callable[[list[Item]], Run]) -> Finding:
    """Report what the Handler raised, with the smallest part of the input on which it does."""
    assert run.error is not None
    mark = _mark(run.error)

    def shows(items: list[Item]) -> bool:
        error = way(items).error
        return error is not None and _mark(error) == mark

    reached = list(run.inputs[: max(len(run.outputs), 1)])
    minimal, is_minimal = _within_batch(*shrink(reached, shows), shows)
    return _finding(fault, "fails", str(run.error), minimal=minimal, is_minimal=is_minimal)


def _within_batch(
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


def _leak(bench: Bench, fault: Fault, slots: Sequence[Slot], found: Breach) -> Finding:
    """Report that a group that the fault left alone is answered otherwise."""
    items = bench.items

    def differs(origins: list[int]) -> Breach | None:
        kept = set(origins)
        clean = play(bench.case, [items[origin] for origin in sorted(kept)])
        faulty = play(bench.case, [slot.item for slot in slots if slot.origin in kept])
        return breach(clean, faulty, shared=bench.shared)

    last = max(slot.origin for slot in slots[: found.position + 1])
    candidates = list(range(last + 1))
    if differs(candidates) is None:
        candidates = list(range(len(items)))
    origins, is_minimal = shrink(candidates, lambda part: differs(part) is not None)
    found = differs(origins) or found
    kept = set(origins)
    minimal = [slot.item for slot in slots if slot.origin in kept]
    group = minimal[found.position].group
    text = f"group {group!r} got the very same and is answered otherwise: state is shared"
    return _finding(
        fault,
        "unexpected",
        text,
        minimal=minimal,
        is_minimal=is_minimal,
        original=[items[origin] for origin in sorted(kept)],
        expected=found.expected,
        found=found.found,
    )


# -------------------------------------------------------------- faults without effect


@dataclass(frozen=True)
class _Pair:
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
        return _first_other(one, other, self.equal)


def _try_pair(bench: Bench, fault: Fault, pair: _Pair) -> Finding:
    everything = list(bench.items)
    for way in pair.ways:
        run = way(everything)
        if run.error is not None:
            return _failure(fault, run, way)
    if not bench.repeatable:
        return _finding(fault, "same", _UNCOMPARABLE)
    position = pair.first_other(everything)
    if position is None:
        return _finding(fault, "same", "no answer changed")

    def shows(items: list[Item]) -> bool:
        return pair.first_other(items) is not None

    reached = everything[: position + 1] if shows(everything[: position + 1]) else everything
    part, is_minimal = _within_batch(*shrink(reached, shows), shows)
    position = pair.first_other(part) or 0
    one, other = (way(part) for way in pair.ways)
    return _finding(
        fault,
        "unexpected",
        pair.text,
        minimal=pair.arrives(part),
        is_minimal=is_minimal,
        expected=one.outputs[position],
        found=other.outputs[position],
    )


def _try_map_order(bench: Bench, fault: Fault) -> Finding:
    def in_order(seed: int) -> Callable[[list[Item]], Run]:
        return lambda items: play(bench.case, items, codec=ShuffledCodec(seed))

    text = "the answer depends on the order of map entries, which is random in production"
    findings = [
        _try_pair(
            bench,
            fault,
            _Pair(
                (lambda items: play(bench.case, items), in_order(seed)),
                _equal,
                text,
                lambda items: items,
            ),
        )
        for seed in _ORDERS
    ]
    return next((finding for finding in findings if finding.failed), findings[0])


def _try_new_field(bench: Bench, fault: Any) -> Finding:
    pair = _Pair(
        (
            lambda items: play(bench.case, fault.items(items, first=False)),
            lambda items: play(bench.case, fault.items(items, first=True)),
        ),
        lambda expected, found: same_but_for_order(
            without_new_field(expected), without_new_field(found)
        ),
        "the answer depends on the position of a field among the others: with "
        f"{NEW_FIELD[0]!r} before them it is another than with {NEW_FIELD[1]!r} behind them",
        lambda items: fault.items(items, first=True),
    )
    return _try_pair(bench, fault, pair)


def _equal(expected: list[Item], found: list[Item]) -> bool:
    return [*map(look, expected)] == [*map(look, found)]


def _first_other(
    clean: Run, run: Run, equal: Callable[[list[Item], list[Item]], bool] = _equal
) -> int | None:
    """Return the first position with other answers, of those both runs reached."""
    pairs = enumerate(zip(clean.outputs, run.outputs, strict=False))
    return next((position for position, pair in pairs if not equal(*pair)), None)


# ------------------------------------------------------------------ faults of sessions


def _try_kill(bench: Bench, fault: Any) -> Finding:
    cuts = fault.cuts(bench.items, chance(bench.seed, fault.name))
    if not cuts:
        return _not_tried(fault, "there are not enough items to cut between")
    run = fault.play(bench.case, bench.items, cuts)
    if run.error is not None:
        return _finding(fault, "fails", str(run.error))
    if not bench.repeatable:
        return _finding(fault, "same", _UNCOMPARABLE)
    wrong = _first_other(bench.clean, run)
    if wrong is None:
        return _finding(fault, "same", f"no answer changed in {len(cuts)} restarts")
    if fault.after:
        others = sum(
            one != other
            for one, other in zip(looks(bench.clean.outputs), looks(run.outputs), strict=True)
        )
        text = f"{others} answers changed; {len(cuts)} restarts forgot {fault.after} items each"
        return _finding(fault, "changes", text)
    return _lossy(bench, fault, cuts, wrong)


def _lossy(bench: Bench, fault: Kill, cuts: Sequence[int], wrong: int) -> Finding:
    """Report a state that a snapshot does not keep, with the fewest items that show it."""

    def runs(items: list[Item]) -> tuple[Run, Run]:
        everywhere = range(1, len(items))
        return play(bench.case, items), fault.play(bench.case, items, everywhere)

    def shows(items: list[Item]) -> bool:
        one, other = runs(items)
        return other.error is None and _first_other(one, other) is not None

    candidates = list(bench.items[: wrong + 1])
    minimal, is_minimal = shrink(candidates, shows) if shows(candidates) else (candidates, False)
    one, other = runs(minimal)
    position = _first_other(one, other) or 0
    lost = lost_at(bench.case, minimal, max(position, 1))
    cut = max(cut for cut in cuts if cut <= wrong)
    return _finding(
        fault,
        "unexpected",
        f"after a restart behind item {cut}, item {wrong + 1} is answered otherwise: state is "
        "not in the snapshot",
        minimal=minimal,
        is_minimal=is_minimal,
        expected=one.outputs[position],
        found=other.outputs[position],
        lost=lost,
    )


def _try_cut_batch(bench: Bench, fault: Any) -> Finding:
    if bench.case.info.wants is not BATCH:
        return _not_tried(fault, "the Handler takes points, not batches")
    cuts = fault.cuts(bench.items, chance(bench.seed, fault.name))
    if not cuts:
        return _not_tried(fault, "there is no batch with points")
    run = fault.play(bench.case, bench.items, cuts)
    if run.error is not None:
        return _finding(fault, "fails", str(run.error))
    half = next((cut for cut in cuts if run.outputs[cut]), None)
    if half is not None:
        text = f"batch {half + 1} had no end, and yet something of it went out"
        return _finding(
            fault, "unexpected", text, minimal=[bench.items[half]], found=run.outputs[half]
        )
    if not bench.repeatable:
        return _finding(fault, "same", _UNCOMPARABLE)
    whole = [item for index, item in enumerate(bench.items) if index not in cuts]
    expected = play(bench.case, whole)
    kept = Run(whole, [out for index, out in enumerate(run.outputs) if index not in cuts])
    wrong = _first_other(expected, kept)
    if wrong is None:
        return _finding(fault, "same", f"{len(cuts)} batches were cut; the others are the same")
    text = "after the restart a batch is answered as if the half one had counted, or state was lost"
    return _finding(
        fault,
        "unexpected",
        text,
        minimal=[whole[wrong]],
        is_minimal=False,
        expected=expected.outputs[wrong],
        found=kept.outputs[wrong],
    )


def _try_apart(bench: Bench, fault: Fault) -> Finding:
    groups = list(dict.fromkeys(item.group for item in bench.items))
    if bench.shared:
        return _not_tried(fault, "the Handler shares state between groups on purpose")
    if len(groups) < 2:
        return _not_tried(fault, "there is only one group")
    if not bench.repeatable:
        return _finding(fault, "same", _UNCOMPARABLE)
    for group in groups:
        own = [position for position, item in enumerate(bench.items) if item.group == group]
        alone = play(bench.case, [bench.items[position] for position in own])
        if looks(alone.outputs) != looks([bench.clean.outputs[position] for position in own]):
            return _try_pair(bench, fault, _of_one_group(bench.case, group))
    return _finding(fault, "same", f"each of {len(groups)} groups is answered as if it were alone")


def _of_one_group(case: Case, group: str) -> _Pair:
    """Return two ways to answer the items of one group: without the others, and with them."""

    def alone(items: list[Item]) -> Run:
        return play(case, [item for item in items if item.group == group])

    def together(items: list[Item]) -> Run:
        run = play(case, items)
        pairs = zip(items, run.outputs, strict=False)
        return Run(items, [out for item, out in pairs if item.group == group], run.error)

    text = f"group {group!r} is answered otherwise if it comes alone: state is shared"
    return _Pair((alone, together), _equal, text, lambda items: items)


def _try_slow(bench: Bench, fault: Any) -> Finding:
    """Measure each call; `minimal` are those that exceed half the timeout."""
    run = play(bench.case, bench.items, clock=fault.clock)
    worst = max(run.seconds)
    position = run.seconds.index(worst)
    limit, busy = fault.timeout / 2, bench.case.handler.busy_limit
    over = [item for item, took in zip(bench.items, run.seconds, strict=False) if took > limit]
    took = f"item {position + 1} took {worst:.3g} s"
    if worst > busy:
        text = f"{took}, beyond the busy_limit of {busy:g} s: kapnb's agent counts it as hung"
        return _finding(fault, "fails", text, minimal=over, is_minimal=False)
    if over:
        text = (
            f"{took}; {len(over)} calls exceed half the timeout of {fault.timeout:g} s: kapnb's "
            "agent gives signs of life meanwhile, the official one would be killed"
        )
        return _finding(fault, "at risk", text, minimal=over, is_minimal=False)
    typical = sorted(run.seconds)[len(run.seconds) // 2]
    if typical * PIPE_POINTS > limit:
        text = (
            f"a full pipe of {PIPE_POINTS} points before a keepalive would take longer than half "
            f"the timeout of {fault.timeout:g} s: kapnb's agent gives signs of life meanwhile, the "
            "official one would be killed if it sends nothing"
        )
        return _finding(fault, "at risk", text)
    return _finding(
        fault, "same", f"every call stays below half the timeout of {fault.timeout:g} s"
    )


_ATTEMPTS: dict[type, Callable[[Bench, Any], Finding]] = {
    InputFault: _try_input,
    MapOrder: _try_map_order,
    NewField: _try_new_field,
    Kill: _try_kill,
    CutBatch: _try_cut_batch,
    GroupsApart: _try_apart,
    SlowHandler: _try_slow,
}
