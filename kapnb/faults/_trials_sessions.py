"""Trials of the faults of a session: killed, cut, grouped otherwise, too slow."""

from __future__ import annotations

from typing import Any

from kapnb.faults._bench import (
    UNCOMPARABLE,
    Bench,
    Pair,
    equal_answers,
    failure,
    finding_of,
    first_other,
    not_tried,
    try_pair,
)
from kapnb.faults._compare import looks
from kapnb.faults._fault import Fault, Slot, chance
from kapnb.faults._process import Case, Item, Run, play
from kapnb.faults._report import Finding
from kapnb.faults._resume import lost_at
from kapnb.faults._sessions import Kill
from kapnb.faults._shrink import shrink
from kapnb.model import BATCH

__all__ = ["PIPE_POINTS", "try_apart", "try_cut_batch", "try_kill", "try_slow"]

#: Small points that a pipe of 64 KiB holds: so many calls may stand before a keepalive.
PIPE_POINTS = 689


def try_kill(bench: Bench, fault: Any) -> Finding:
    """Kill it at some places, and restore it each time."""
    cuts = fault.cuts(bench.items, chance(bench.seed, fault.name))
    if not cuts:
        return not_tried(fault, "there are not enough items to cut between")
    run = fault.play(bench.case, bench.items, cuts)
    if run.error is not None:

        def everywhere(items: list[Item]) -> Run:
            restarted: Run = fault.play(bench.case, items, range(1, len(items)))
            return restarted

        slots = [Slot(position, item) for position, item in enumerate(bench.items)]
        return failure(bench, fault, run, everywhere, slots)
    if not bench.repeatable:
        return finding_of(fault, "same", UNCOMPARABLE)
    wrong = first_other(bench.clean, run)
    if wrong is None:
        return finding_of(fault, "same", f"no answer changed in {len(cuts)} restarts")
    if fault.after:
        others = sum(
            one != other
            for one, other in zip(looks(bench.clean.outputs), looks(run.outputs), strict=True)
        )
        text = f"{others} answers changed; {len(cuts)} restarts forgot {fault.after} items each"
        return finding_of(fault, "changes", text)
    cut = max(cut for cut in cuts if cut <= wrong)
    return _lossy(bench, fault, cut, wrong)


def _lossy(bench: Bench, fault: Kill, cut: int, wrong: int) -> Finding:
    """Report a state that a snapshot does not keep, with the fewest items that show it."""

    def runs(items: list[Item]) -> tuple[Run, Run]:
        return play(bench.case, items), fault.play(bench.case, items, range(1, len(items)))

    def shows(items: list[Item]) -> bool:
        one, other = runs(items)
        return other.error is None and first_other(one, other) is not None

    text = (
        f"after a restart behind item {cut}, item {wrong + 1} is answered otherwise: state is not "
        "in the snapshot"
    )
    candidates = list(bench.items[: wrong + 1])
    if not shows(candidates):  # one restart shows it, many hide it
        lost = lost_at(bench.case, candidates, cut)
        return finding_of(
            fault, "unexpected", text, minimal=candidates, is_minimal=False, lost=lost
        )
    minimal, is_minimal = shrink(candidates, shows)
    one, other = runs(minimal)
    position = first_other(one, other) or 0
    return finding_of(
        fault,
        "unexpected",
        text,
        minimal=minimal,
        is_minimal=is_minimal,
        expected=one.outputs[position],
        found=other.outputs[position],
        lost=lost_at(bench.case, minimal, max(position, 1)),
    )


def try_cut_batch(bench: Bench, fault: Any) -> Finding:
    """Kill it within some batches; they must leave no trace."""
    if bench.case.info.wants is not BATCH:
        return not_tried(fault, "the Handler takes points, not batches")
    cuts = fault.cuts(bench.items, chance(bench.seed, fault.name))
    if not cuts:
        return not_tried(fault, "there is no batch with points")
    run = fault.play(bench.case, bench.items, cuts)
    if run.error is not None:
        return finding_of(fault, "fails", str(run.error))
    half = next((cut for cut in cuts if run.outputs[cut]), None)
    if half is not None:
        text = f"batch {half + 1} had no end, and yet something of it went out"
        return finding_of(
            fault, "unexpected", text, minimal=[bench.items[half]], found=run.outputs[half]
        )
    if not bench.repeatable:
        return finding_of(fault, "same", UNCOMPARABLE)
    whole = [item for index, item in enumerate(bench.items) if index not in cuts]
    expected = play(bench.case, whole)
    kept = Run(whole, [out for index, out in enumerate(run.outputs) if index not in cuts])
    wrong = first_other(expected, kept)
    if wrong is None:
        return finding_of(fault, "same", f"{len(cuts)} batches were cut; the others are the same")
    text = "after the restart a batch is answered as if the half one had counted, or state was lost"
    return finding_of(
        fault,
        "unexpected",
        text,
        minimal=[whole[wrong]],
        is_minimal=False,
        expected=expected.outputs[wrong],
        found=kept.outputs[wrong],
    )


def try_apart(bench: Bench, fault: Fault) -> Finding:
    """Run each group alone, and compare with all together."""
    groups: dict[str, list[int]] = {}
    for position, item in enumerate(bench.items):
        groups.setdefault(item.group, []).append(position)
    if bench.shared:
        return not_tried(fault, "the Handler shares state between groups on purpose")
    if len(groups) < 2:
        return not_tried(fault, "there is only one group")
    if not bench.repeatable:
        return finding_of(fault, "same", UNCOMPARABLE)
    for group, own in groups.items():
        alone = play(bench.case, [bench.items[position] for position in own])
        if looks(alone.outputs) != looks([bench.clean.outputs[position] for position in own]):
            return try_pair(bench, fault, _of_one_group(bench.case, group))
    return finding_of(
        fault, "same", f"each of {len(groups)} groups is answered as if it were alone"
    )


def _of_one_group(case: Case, group: str) -> Pair:
    """Return two ways to answer the items of one group: without the others, and with them."""

    def alone(items: list[Item]) -> Run:
        return play(case, [item for item in items if item.group == group])

    def together(items: list[Item]) -> Run:
        run = play(case, items)
        pairs = zip(items, run.outputs, strict=False)
        return Run(items, [out for item, out in pairs if item.group == group], run.error)

    text = f"group {group!r} is answered otherwise if it comes alone: state is shared"
    return Pair((alone, together), equal_answers, text, lambda items: items)


def try_slow(bench: Bench, fault: Any) -> Finding:
    """Measure each call; `minimal` are those that exceed half the timeout."""
    run = play(bench.case, bench.items, clock=fault.clock)
    worst = max(run.seconds)
    position = run.seconds.index(worst)
    limit, busy = fault.timeout / 2, bench.case.handler.busy_limit
    over = [item for item, took in zip(bench.items, run.seconds, strict=False) if took > limit]
    took = f"item {position + 1} took {worst:.3g} s"
    if worst > busy:
        text = f"{took}, beyond the busy_limit of {busy:g} s: kapnb's agent counts it as hung"
        return finding_of(fault, "fails", text, minimal=over, is_minimal=False)
    if over:
        text = (
            f"{took}; {len(over)} calls exceed half the timeout of {fault.timeout:g} s: kapnb's "
            "agent gives signs of life meanwhile, the official one would be killed"
        )
        return finding_of(fault, "at risk", text, minimal=over, is_minimal=False)
    typical = sorted(run.seconds)[len(run.seconds) // 2]
    if typical * PIPE_POINTS > limit:
        text = (
            f"a full pipe of {PIPE_POINTS} points before a keepalive would take longer than half "
            f"the timeout of {fault.timeout:g} s: kapnb's agent gives signs of life meanwhile, the "
            "official one would be killed if it sends nothing"
        )
        return finding_of(fault, "at risk", text)
    return finding_of(
        fault, "same", f"every call stays below half the timeout of {fault.timeout:g} s"
    )
