"""The captures of a real kapacitord against the simulator, session by session.

A capture's text (tests/data/transcripts/NAME.md) holds the script and the line protocol that
were used. Both are given to the simulator; the requests that it sends must be those that
kapacitord sent, decoded and in order. Excluded by rule: keepalives and snapshot requests, whose
moments are of a wall clock. Taken from the capture: the task's id, a restored snapshot, and of
live queries the moments at which they ran.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from captures import DATA, TRANSCRIPTS, captured, requests, responses
from harness import exact
from kapnb import BATCH, STREAM, Batch, Duration, Handler, Option, Point, simulate
from kapnb.errors import SourceError
from kapnb.model import (
    EndBatch,
    InitRequest,
    KeepaliveRequest,
    KeepaliveResponse,
    RestoreRequest,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.simulation._queries import _answer, _dimensions, _parse
from kapnb.sources import LineProtocol, StreamRecording, parse_lines
from kapnb.tick import evaluate
from kapnb.tick._udfs import udf_names
from kapnb.tick.nodes._messages import flow_point

RECORDINGS = DATA / "recordings"
_EXCLUDED = (KeepaliveRequest, SnapshotRequest, KeepaliveResponse, SnapshotResponse)


# ------------------------------------------------------------------- the UDFs of that day


class Mirror(Handler):
    """The stream mirror."""

    def point(self, point: Point):
        yield point


class OptionsMirror(Mirror):
    """The mirror with an option of every kind."""

    s = Option(str, default="")
    i = Option(int, default=0)
    f = Option(float, default=0.0)
    b = Option(bool, default=False)
    d = Option(Duration, default=0)
    flag = Option()
    multi = Option(str, int, float, bool, Duration, default=None)
    rep = Option(str, many=True)


class BatchMirror(Handler):
    """The batch mirror; a Handler without methods sends batches back."""

    wants, provides = BATCH, BATCH


class Average:
    """A running mean of the last values, with the official example's way of rounding."""

    def __init__(self, size: int, values=(), mean: float = 0.0) -> None:
        self.size, self.values, self.mean = size, list(values), mean

    def add(self, value: float) -> float:
        count = len(self.values)
        if count == self.size:
            self.mean += value / self.size - self.values.pop(0) / self.size
        else:
            self.mean = (value + self.mean * count) / (count + 1)
        self.values.append(value)
        return self.mean


class MovingAverage(Handler):
    """The official moving average: bools stay, other fields go, a missing field counts as 0."""

    field = Option(str)
    size = Option(int)
    as_ = Option(str, default="avg", name="as")

    def init(self, request):
        self.groups: dict[str, Average] = {}
        return super().init(request)

    def snapshot(self):
        state = {
            group: {"size": kept.size, "window": kept.values, "avg": kept.mean}
            for group, kept in self.groups.items()
        }
        return json.dumps(state).encode()

    def restore(self, snapshot):
        for group, kept in json.loads(snapshot).items():
            self.groups[group] = Average(kept["size"], kept["window"], kept["avg"])

    def point(self, point: Point):
        average = self.groups.setdefault(point.group, Average(self.size))
        value = point.fields.get(self.field, 0.0)
        mean = average.add(value if isinstance(value, float) else 0.0)
        bools = {name: kept for name, kept in point.fields.items() if isinstance(kept, bool)}
        yield Point({**bools, self.as_: mean})


class BatchToStream(Handler):
    """Mean and number of a batch's values, as a point at its end."""

    wants = BATCH
    field = Option(str)

    def batch(self, batch: Batch):
        values = [point.fields[self.field] for point in batch.points]
        total = 0.0
        for value in values:
            total += value
        yield Point({"mean": total / len(values), "n": len(values)})


class StreamToBatch(Handler):
    """A batch of every so many points of a group."""

    provides = BATCH
    size = Option(int)

    def group_state(self):
        return []

    def point(self, point: Point, state):
        state.append(point)
        if len(state) == self.size:
            tags = {name: point.tags.get(name, "") for name in point.dimensions}
            yield Batch(state, name=point.name, tags=tags, tmax=point.time)
            state.clear()


class Outliers(Handler):
    """Stands for the outliers example, whose answers are not re-created."""

    wants, provides = BATCH, BATCH
    field = Option(str)


HANDLERS: dict[str, type[Handler]] = {
    "a": Mirror,
    "b1": OptionsMirror,
    "b2": OptionsMirror,
    "b3": MovingAverage,
    "c": BatchMirror,
    "c7": Outliers,
    "d2": BatchToStream,
    "d3": StreamToBatch,
    "f": MovingAverage,
    "i": MovingAverage,
    "r": Mirror,
}
NOT_RECREATED = {"c7": "the Go outliers example of that day is not re-created"}


# ------------------------------------------------------------------------------- captures


@dataclass(frozen=True)
class Session:
    """One captured process of a task."""

    name: str

    @property
    def capture(self) -> str:
        return self.name.partition(".")[0]

    @property
    def number(self) -> int:
        return int(self.name.partition(".")[2] or 1)

    @property
    def short(self) -> str:
        stem = self.capture.partition("_")[0]
        return stem if self.number == 1 else f"{stem}.{self.number}"

    def side(self, side: str) -> bytes:
        return captured(self.capture, side if self.number == 1 else f"{self.number}.{side}")

    @property
    def text(self) -> str:
        return (TRANSCRIPTS / f"{self.capture}.md").read_text(encoding="utf-8")

    @property
    def script(self) -> str:
        match = re.search(r"TICKscript:\n```\n(.*?)```", self.text, re.DOTALL)
        assert match is not None
        return match[1]

    @property
    def lines(self) -> str | None:
        """The line protocol that was written before this process ended, if it is listed."""
        match = re.search(r"Line protocol written:\n```\n(.*?)```", self.text, re.DOTALL)
        if match is None:
            return None
        return re.split(r"^--- .* ---\n", match[1], flags=re.MULTILINE)[self.number - 1]

    def handler(self) -> type[Handler]:
        stem = self.capture.partition("_")[0]
        return HANDLERS.get(stem) or HANDLERS[stem[0]]


def sessions() -> list[Session]:
    """Return all captured processes that got data, but for those of misbehaving UDFs."""
    names = sorted(path.name.removesuffix(".in.bin") for path in TRANSCRIPTS.glob("*.in.bin"))
    found = [Session(name) for name in names if name[0] in "abcdfir" and ".info" not in name]
    return [one for one in found if len(kept(requests(one.side("in")))) > 1]


def kept(messages: list) -> list:
    return [message for message in messages if not isinstance(message, _EXCLUDED)]


# ---------------------------------------------------------------------------------- inputs


def accepted(text: str) -> list[Point]:
    """Return the points of what was written; a line that InfluxDB refuses is dropped."""
    points: list[Point] = []
    rows = text.splitlines(keepends=True)
    while rows:
        try:
            for point in parse_lines("".join(rows)):
                points.append(point)
            return points
        except SourceError as error:  # the points before it have been given
            found = re.search(r"line (\d+)", str(error))
            assert found is not None
            rows = rows[int(found[1]) :]
    return points


@dataclass
class Shifted:
    """A recording replayed at another time: all points moved by the same amount."""

    recording: StreamRecording
    first: int
    edge = STREAM

    def __iter__(self) -> Iterator[Point]:
        shift = None
        for point in self.recording:
            shift = self.first - point.time if shift is None else shift
            point.time += shift
            yield point


def written_file(session: Session) -> Path:
    name = {"a3": "a3_a4_input", "a4": "a3_a4_input", "i1": "host_input"}
    stem = session.capture.partition("_")[0]
    return TRANSCRIPTS / f"{name.get(stem, 'w_input')}.lp"


def data_of(session: Session):
    """Return what the task of a session was given."""
    sent = kept(requests(session.side("in")))
    if session.capture.startswith("r1"):
        if session.number == 3:
            return StreamRecording(RECORDINGS / "rec_query_stream.srpl")
        recording = StreamRecording(RECORDINGS / "rec_stream.srpl")
        first = next(message for message in sent if isinstance(message, Point)).time
        return Shifted(recording, first) if session.number == 2 else recording
    if session.capture.startswith("c"):
        return batches_of(session, sent)
    lines = session.lines
    return LineProtocol(written_file(session)) if lines is None else accepted(lines)


def batches_of(session: Session, sent: list) -> list[Batch]:
    """Return what InfluxDB answered: at the captured moments, from the points written.

    Where a query does not group, points of equal time come in an order of InfluxDB's own; then
    the frames themselves are the answer.
    """
    task = evaluate(session.script, {udf_names(session.script)[0]: session.handler()().info()})
    query = next(node for node in task.nodes if node.kind == "query")
    if not query.uses("groupBy"):
        return framed(sent)
    assert session.lines is not None
    select, period = _parse(query), int(query.last("period"))
    points = [point for point in accepted(session.lines) if point.name == select.measurement]
    stops = dict.fromkeys(end.tmax for end in sent if isinstance(end, EndBatch))
    batches: list[Batch] = []
    for stop in stops:
        window = [flow_point(point) for point in points if stop - period <= point.time < stop]
        batches += _answer(select, window, stop, _dimensions(query), False)
    return batches


def framed(sent: list) -> list[Batch]:
    """Return the batches that crossed as frames."""
    batches: list[Batch] = []
    points: list[Point] = []
    for message in sent:
        if isinstance(message, Point):
            points.append(message)
        elif isinstance(message, EndBatch):
            batches.append(Batch(points, name=message.name, tags=message.tags, tmax=message.tmax))
            points = []
    return batches


# --------------------------------------------------------------------------------- results


@dataclass(frozen=True)
class Row:
    """What a session showed: None where something is not compared."""

    session: Session
    requests: bool
    responses: bool | None
    count: int
    difference: str
    remark: str


def measure(session: Session, folder: Path) -> Row:
    """Run a session's script on its data, and compare what crossed."""
    sent = kept(requests(session.side("in")))
    answered = kept(responses(session.side("out")))
    (init,) = [message for message in sent if isinstance(message, InitRequest)]
    restored = [message.snapshot for message in sent if isinstance(message, RestoreRequest)]
    script = folder / f"{init.task_id}.tick"
    script.write_text(session.script, encoding="utf-8")
    run = simulate(
        session.handler(),
        data_of(session),
        tick=script,
        snapshot=restored[0] if restored else None,
        errors="keep",
    )
    transcript = run.udf().transcript
    ours = kept(requests(transcript.requests))
    back = kept(responses(transcript.responses))
    reason = NOT_RECREATED.get(session.capture.partition("_")[0])
    return Row(
        session,
        exact(ours) == exact(sent),
        None if reason else exact(back) == exact(answered),
        len(sent),
        _difference(ours, sent) or _difference(back, answered),
        "; ".join(remark for remark in (_remark(session), reason) if remark),
    )


def _difference(ours: list, theirs: list) -> str:
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if exact(one) != exact(other):
            return f"message {number}: {one!r} != {other!r}"
    return "" if len(ours) == len(theirs) else f"{len(ours)} messages, not {len(theirs)}"


def _remark(session: Session) -> str:
    if session.capture.startswith("c3"):
        return "round trip: batches from the captured frames"
    if session.capture.startswith("c"):
        return "round trip: queries answered at the captured moments"
    if session.short == "r1.2":
        return "shifted to the captured moment of the replay"
    if session.capture.startswith("f1") and session.number > 1:
        return "restored from the captured snapshot"
    return ""


def table(rows: list[Row]) -> str:
    """Return the rows as Markdown."""
    shown = {True: "equal", False: "**differ**", None: "not compared"}
    lines = ["| capture | messages | requests | responses | |", "| --- | ---: | --- | --- | --- |"]
    for row in rows:
        name = row.session.capture.partition("_")[2].replace("_", " ")
        cells = (
            f"{row.session.short} {name}",
            str(row.count),
            shown[row.requests],
            shown[row.responses],
            row.remark,
        )
        lines.append(f"| {' | '.join(cells)} |".replace("  |", " |"))
    return "\n".join(lines) + "\n"
