"""Cases 34 to 38: batches."""

from __future__ import annotations

from typing import Any

from kapnb.model import Batch, BeginBatch, EndBatch, ErrorResponse, Point
from kapnb.testing._differences import difference
from kapnb.testing._kapacitor import Misbehaved
from kapnb.testing.conformance._case import case
from kapnb.testing.conformance._expect import batch_messages, difference_of_batches, expect_batch
from kapnb.testing.conformance._play import Play
from kapnb.testing.conformance._roles import batches, mirrors_batches, nothing_else
from kapnb.testing.conformance._samples import NOW, batch, point


def _kept(item: Batch) -> Batch:
    """Return what the role `batch-filter` makes of a batch."""
    return Batch(
        [one for one in item.points if one.fields.get("keep")],
        name=item.name,
        tags=item.tags,
        tmax=item.tmax,
        by_name=item.by_name,
    )


@case(
    34,
    "batch",
    "a batch gives one batch: size of its begin, name, tags and tmax of its end are right",
    role="batch-filter",
    fits=mirrors_batches,
)
def one_batch(play: Play) -> None:
    """Send batches of all kinds of groups; of some every other point is kept."""
    kapacitor = play.started()
    fields = [{"value": 0.5 * at, "keep": at % 2 == 0} for at in range(7)]
    tags = {"host": "größe=1", "dc": "x,y"}
    for item in (
        batch(1, fields),
        batch(2, fields, tags=tags, by_name=True),
        batch(3, fields, tags={}, name="été"),
        batch(4, fields[:1], tmax=-1),
    ):
        kapacitor.send(*batch_messages(item))
        expect_batch(kapacitor, _kept(item) if play.plays_role else item)
    begin, *points, end = batch_messages(batch(5, fields))
    begin = BeginBatch(begin.name, begin.group, begin.tags, 0, begin.by_name)  # size not known
    kapacitor.send(begin, *points, end)
    expect_batch(kapacitor, _kept(batch(5, fields)) if play.plays_role else batch(5, fields))


@case(
    35,
    "empty-batch",
    "an empty batch gives an empty one or none, and never a lone end",
    role="batch-filter",
    fits=batches,
)
def empty_batch(play: Play) -> None:
    """Send two in a row, and one of which nothing is kept."""
    kapacitor = play.started()
    kapacitor.send(*batch_messages(batch(1, [])), *batch_messages(batch(2, [])))
    if play.plays_role:
        kapacitor.send(*batch_messages(batch(3, [{"keep": False}])))
    answers = kapacitor.fence() + kapacitor.rest(play.grace_s)
    wrong = [item for item in answers if not isinstance(item, (BeginBatch, EndBatch))]
    if wrong:
        raise Misbehaved(f"empty batches were answered by {wrong[0]!r}")
    if sum(isinstance(item, EndBatch) for item in answers) > 3:
        raise Misbehaved("there are more batches in the answers than were sent")
    if answers and isinstance(answers[-1], BeginBatch):
        raise Misbehaved("a batch was begun and not ended")
    play.left(kapacitor, "zero")


@case(
    36,
    "batch-fails",
    "a failure inside a batch leaves no half of it on the wire",
    role="batch-fail",
    fits=nothing_else,
)
def batch_fails(play: Play) -> None:
    """Send a good batch, one whose third point fails, a good one."""
    kapacitor = play.started()
    fine = [{"value": 0.5, "fail": False} for _ in range(5)]
    failing = [{"value": 0.5, "fail": at == 2} for at in range(5)]
    kapacitor.send(*batch_messages(batch(1, fine)))
    expect_batch(kapacitor, batch(1, fine))
    kapacitor.send(*batch_messages(batch(2, failing)), *batch_messages(batch(3, fine)))
    answers = kapacitor.rest(play.grace_s)
    errors = [item for item in answers if isinstance(item, ErrorResponse)]
    if errors:
        if len(answers) > 1:
            raise Misbehaved(f"besides one error frame came {answers[0]!r}, {len(answers)} in all")
        play.left(kapacitor)
        return
    problem = difference_of_batches(batch(3, fine), answers) if answers else "nothing came"
    if problem:
        raise Misbehaved(f"of a failing batch and a good one, not just the good one: {problem}")
    play.says(kapacitor, "RoleError")


@case(
    37,
    "batch-to-stream",
    "the result of a batch carries its tmax, name, tags and sorted dimensions",
    role="batch-count",
    fits=nothing_else,
)
def batch_to_stream(play: Play) -> None:
    """Without dimensions Kapacitor would put it into the group of none."""
    kapacitor = play.started()
    for number, tags in enumerate(({"host": "a", "dc": "x"}, {"host": "b"}, {})):
        sent = batch(number, [{"value": 0.5}] * (number + 2), tags=tags, by_name=number == 1)
        kapacitor.send(*batch_messages(sent))
        answer = kapacitor.receive(Point)
        wanted = Point(
            {"count": number + 2},
            time=sent.tmax,
            name="cpu",
            tags=tags,
            dimensions=sorted(tags),
            by_name=sent.by_name,
            database=answer.database,
            retention_policy=answer.retention_policy,
        )
        problem = difference(wanted, answer)
        if problem:
            raise Misbehaved(f"the result of group {sent.group!r}: {problem}")


@case(
    38,
    "stream-to-batch",
    "batches made of a stream are whole, one group each, also at the end of the input",
    role="window",
    fits=nothing_else,
)
def stream_to_batch(play: Play) -> None:
    """Interleave two groups and end inside a window."""
    kapacitor = play.started()
    sent = {
        host: [point(number, {"n": number}, tags={"host": host}) for number in range(7)]
        for host in ("a", "b")
    }
    for pair in zip(*sent.values(), strict=True):
        kapacitor.send(*pair)
    answers = kapacitor.rest(play.grace_s)
    windows: dict[str, list[list[Any]]] = {host: [] for host in sent}
    for begin, *points, end in _split(answers):
        host = dict(end.tags).get("host")
        if dict(end.tags) != {"host": host} or host not in windows or end.name != "cpu":
            raise Misbehaved(f"a batch ends with name {end.name!r} and tags {dict(end.tags)}")
        if begin.size not in (0, len(points)):
            raise Misbehaved(f"a batch of size {begin.size} has {len(points)} points")
        windows[host].append([item.time for item in points])
    for host, got in windows.items():
        times = [NOW + number for number in range(7)]
        whole = [times[:3], times[3:6]]
        if got not in (whole, [*whole, times[6:]]):
            raise Misbehaved(f"the windows of group {host} hold {[len(item) for item in got]}")
    play.left(kapacitor, "zero")


def _split(answers: list[Any]) -> list[list[Any]]:
    """Part the messages of several batches; `Connection` has seen that they are in order."""
    parts: list[list[Any]] = []
    for message in answers:
        if isinstance(message, BeginBatch):
            parts.append([])
        if not isinstance(message, (BeginBatch, Point, EndBatch)) or not parts:
            raise Misbehaved(f"among the batches came {message!r}")
        parts[-1].append(message)
    if parts and not isinstance(parts[-1][-1], EndBatch):
        raise Misbehaved("the last batch was begun and not ended")
    return parts
