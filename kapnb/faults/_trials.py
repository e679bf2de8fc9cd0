"""One fault tried on one Handler: run with it, compare, shrink what shows a mistake.

There is one function a kind of fault, found by `try_fault`. Each returns a Finding and keeps to
the claims of `_compare`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kapnb.faults._bench import (
    UNCOMPARABLE,
    Bench,
    Pair,
    equal_answers,
    failure,
    finding_of,
    not_tried,
    try_pair,
)
from kapnb.faults._compare import Breach, breach, changed, same_but_for_order, without_new_field
from kapnb.faults._fault import Fault, InputFault, Slot, chance
from kapnb.faults._process import Item, Run, play
from kapnb.faults._report import Finding
from kapnb.faults._sessions import CutBatch, GroupsApart, Kill, SlowHandler
from kapnb.faults._shrink import shrink
from kapnb.faults._trials_sessions import try_apart, try_cut_batch, try_kill, try_slow
from kapnb.faults._values import NEW_FIELD, NewField
from kapnb.faults._wire import MapOrder, ShuffledCodec

__all__ = ["try_fault"]

#: Seeds of the two orders of map entries that are tried.
_ORDERS = (1, 2)


def try_fault(bench: Bench, fault: Fault) -> Finding:
    """Return what `fault` does to the Handler of `bench`."""
    for kind, attempt in _ATTEMPTS.items():
        if isinstance(fault, kind):
            return attempt(bench, fault)
    raise TypeError(f"{fault!r} is no fault that can be tried: derive from InputFault")


def _try_input(bench: Bench, fault: Any) -> Finding:
    slots = fault.slots(bench.items, chance(bench.seed, fault.name))
    untouched = len(slots) == len(bench.items) and all(
        slot.item is item for slot, item in zip(slots, bench.items, strict=True)
    )
    if untouched or not slots:
        return not_tried(fault, "there is nothing in the data that it could touch")
    run = play(bench.case, [slot.item for slot in slots])
    if run.error is not None:
        return failure(bench, fault, run, lambda items: play(bench.case, items), slots)
    if not bench.repeatable:
        return finding_of(fault, "same", UNCOMPARABLE)
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
    counts = {
        "input{} less": fewer,
        "input{} more": more,
        "answer{} to what it touched changed": near,
        "answer{} to what it left alone changed": far,
        "point{} skipped by error_policy": run.skipped,
    }
    parts = [
        f"{count} {text.format('' if count == 1 else 's')}"
        for text, count in counts.items()
        if count
    ]
    return finding_of(
        fault, "changes" if near or far else "same", "; ".join(parts) or "no answer changed"
    )


def _leak(bench: Bench, fault: Fault, slots: Sequence[Slot], found: Breach) -> Finding:
    """Report that a group that the fault left alone is answered otherwise."""
    items = bench.items

    def differs(origins: list[int]) -> Breach | None:
        kept = set(origins)
        clean = play(bench.case, [items[origin] for origin in sorted(kept)])
        faulty = play(bench.case, [slot.item for slot in slots if slot.origin in kept])
        if clean.error is not None or faulty.error is not None:
            return None
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
    return finding_of(
        fault,
        "unexpected",
        text,
        minimal=minimal,
        is_minimal=is_minimal,
        original=[items[origin] for origin in sorted(kept)],
        expected=found.expected,
        found=found.found,
    )


def _try_map_order(bench: Bench, fault: Fault) -> Finding:
    def in_order(seed: int) -> Callable[[list[Item]], Run]:
        return lambda items: play(bench.case, items, codec=ShuffledCodec(seed))

    text = "the answer depends on the order of map entries, which is random in production"
    findings = [
        try_pair(
            bench,
            fault,
            Pair(
                (lambda items: play(bench.case, items), in_order(seed)),
                equal_answers,
                text,
                lambda items: items,
            ),
        )
        for seed in _ORDERS
    ]
    return next((finding for finding in findings if finding.failed), findings[0])


def _try_new_field(bench: Bench, fault: Any) -> Finding:
    pair = Pair(
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
    return try_pair(bench, fault, pair)


_ATTEMPTS: dict[type, Callable[[Bench, Any], Finding]] = {
    InputFault: _try_input,
    MapOrder: _try_map_order,
    NewField: _try_new_field,
    Kill: try_kill,
    CutBatch: try_cut_batch,
    GroupsApart: try_apart,
    SlowHandler: try_slow,
}
