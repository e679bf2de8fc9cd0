"""Cases 22 to 25: snapshot and restore."""

from __future__ import annotations

from typing import Any

from kapnb.model import (
    Batch,
    EndBatch,
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.testing._differences import difference
from kapnb.testing._kapacitor import Kapacitor, Misbehaved
from kapnb.testing.conformance._case import case
from kapnb.testing.conformance._expect import (
    batch_messages,
    difference_of_batches,
    expect_batch,
    receive_batch,
    require,
)
from kapnb.testing.conformance._play import Play
from kapnb.testing.conformance._roles import mirrors, nothing_else, starts
from kapnb.testing.conformance._samples import batch, option, point


def _snapshot(kapacitor: Kapacitor) -> bytes:
    kapacitor.send(SnapshotRequest())
    return kapacitor.receive(SnapshotResponse).snapshot


def _counted(number: int) -> Point:
    """Return a point whose sums are not exact: 0.1 is no binary fraction."""
    host = "ab"[number % 2]
    return point(number, {"value": 0.1 * number}, tags={"host": host})


def _counts(kapacitor: Kapacitor, numbers: range) -> list[Point]:
    """Send counted points and return the answers."""
    kapacitor.send(*map(_counted, numbers))
    return [kapacitor.receive(Point) for _ in numbers]


@case(
    22,
    "snapshots",
    "each snapshot request gets exactly one answer, also when there is no state",
    role="counter",
    fits=starts,
)
def snapshots(play: Play) -> None:
    """Ask once, then twice at once; a third answer would be taken for that of the next minute."""
    kapacitor = play.started()
    _snapshot(kapacitor)
    more = kapacitor.fence()
    if play.plays_role:
        _counts(kapacitor, range(3))
    kapacitor.send(SnapshotRequest(), SnapshotRequest())
    kapacitor.receive(SnapshotResponse)
    kapacitor.receive(SnapshotResponse)
    more += kapacitor.fence() + kapacitor.rest(play.grace_s)
    if more:
        raise Misbehaved(f"besides the snapshots came {more[0]!r}")
    play.left(kapacitor, "zero")


@case(
    23,
    "snapshot-inside-batch",
    "a snapshot inside an open batch is the state before it, and leaves the batch alone",
    role="batch-counter",
    fits=nothing_else,
)
def snapshot_inside_batch(play: Play) -> None:
    """After a restore Kapacitor would not send the first half again."""
    kapacitor = play.started()
    kapacitor.send(*batch_messages(_batch(1)))
    expect_batch(kapacitor, _batch(1, seen=1))
    begin, *points, end = batch_messages(_batch(2))
    kapacitor.send(begin, *points[:2], SnapshotRequest())
    messages = kapacitor.fence()
    kapacitor.send(*points[2:], end)
    messages += _until_end(kapacitor)
    taken = [item.snapshot for item in messages if isinstance(item, SnapshotResponse)]
    if len(taken) != 1:
        raise Misbehaved(f"the snapshot inside the batch was answered {len(taken)} times")
    rest = [item for item in messages if not isinstance(item, SnapshotResponse)]
    problem = difference_of_batches(_batch(2, seen=4), rest)
    if problem:
        raise Misbehaved(f"the batch around the snapshot: {problem}")
    play.restart()
    kapacitor = play.started()
    _restore(kapacitor, taken[0])
    kapacitor.send(*batch_messages(_batch(2)))
    problem = difference_of_batches(_batch(2, seen=4), receive_batch(kapacitor))
    if problem:
        raise Misbehaved(f"the whole batch after a restore: {problem}")


def _batch(number: int, *, seen: int | None = None) -> Batch:
    """Return a batch of three points; counted from `seen` on if that is given."""
    fields = [{"value": 1.5 * at} for at in range(3)]
    counted = [{} if seen is None else {"seen": seen + at} for at in range(3)]
    return batch(number, [{**a, **b} for a, b in zip(fields, counted, strict=True)])


def _until_end(kapacitor: Kapacitor) -> list[Any]:
    messages: list[Any] = []
    while not (messages and isinstance(messages[-1], EndBatch)):
        messages.append(kapacitor.receive(object))
    return messages


def _restore(kapacitor: Kapacitor, snapshot: bytes) -> None:
    kapacitor.send(RestoreRequest(snapshot))
    answer = kapacitor.receive(RestoreResponse)
    if not answer.success:
        raise Misbehaved(f"it does not restore its own snapshot: {answer.error}")


@case(
    24,
    "restore",
    "after a restore of its own snapshot it goes on as if not interrupted",
    role="counter",
    fits=mirrors,
)
def restore(play: Play) -> None:
    """Compare what follows a snapshot with what follows its restore, bit by bit."""
    kapacitor = play.started()
    _counts(kapacitor, range(40))
    taken = _snapshot(kapacitor)
    expected = _counts(kapacitor, range(40, 60))
    if play.plays_role and expected[0].fields.get("seen") != 21:
        raise Misbehaved(f"the 21st point of a group was sent back as {expected[0]!r}")
    play.restart()
    kapacitor = play.started()
    _restore(kapacitor, taken)
    for number, (wanted, got) in enumerate(
        zip(expected, _counts(kapacitor, range(40, 60)), strict=True), 1
    ):
        problem = difference(wanted, got)
        if problem:
            raise Misbehaved(f"point {number} after the restore: {problem}")


@case(
    25,
    "restore-misfit",
    "a damaged or foreign snapshot: a fresh start with a warning, or a refusal, nothing else",
    role="counter",
    fits=nothing_else,
)
def restore_misfit(play: Play) -> None:
    """Restore garbage, half a snapshot, and one that was taken with another option."""
    kapacitor = play.started()
    _counts(kapacitor, range(10))
    taken = _snapshot(kapacitor)
    for snapshot in (b"\x00\xffgarbage", taken[: len(taken) // 2]):
        play.restart()
        _judge_misfit(play, play.started(), snapshot, {1})
    play.restart()
    # Other options: a fresh start and the old state are both a policy; 5 points came before.
    kapacitor = play.started(option("step", 10))
    _judge_misfit(play, kapacitor, taken, {10, 15})


def _judge_misfit(play: Play, kapacitor: Kapacitor, snapshot: bytes, seen: set[int]) -> None:
    kapacitor.send(RestoreRequest(snapshot))
    answer = kapacitor.receive(RestoreResponse)
    if not answer.success:
        require(answer.error, "the refusal", r"\w+ \w+")
        play.left(kapacitor, "zero", after="after it had refused a snapshot")
        return
    (answered,) = _counts(kapacitor, range(1))
    if answered.fields.get("seen") not in seen:
        raise Misbehaved(f"after the restore of a misfit it went on with {answered!r}")
    if answered.fields.get("seen") in {1, 10}:
        play.says(kapacitor, r"snapshot|restore|state")
