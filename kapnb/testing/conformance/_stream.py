"""Cases 26 to 33: stream data, and what other threads emit."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from kapnb.model import (
    INT_MAX,
    INT_MIN,
    BeginBatch,
    EndBatch,
    ErrorResponse,
    FieldValue,
    Point,
)
from kapnb.protocol import WirePoint
from kapnb.testing._differences import difference, exact
from kapnb.testing._kapacitor import Kapacitor, Misbehaved
from kapnb.testing.conformance._case import case
from kapnb.testing.conformance._expect import batch_messages, expect_points, require
from kapnb.testing.conformance._play import Play
from kapnb.testing.conformance._roles import mirrors, nothing_else
from kapnb.testing.conformance._samples import NOW, batch, point

#: What Kapacitor sends for a time that was never set.
_ZERO_TIME = -6_795_364_578_871_345_152


def _round_trip(play: Play, kapacitor: Kapacitor, sent: Point) -> None:
    """Send one point; it must come back unchanged but for the field that the role adds."""
    kapacitor.send(sent)
    wanted = sent.with_fields(added=1) if play.plays_role else sent
    problem = difference(wanted, kapacitor.receive(Point))
    if problem:
        raise Misbehaved(problem)


@case(
    26,
    "point-identity",
    "a point keeps what the Handler did not change: name, group, dimensions, tags, time …",
    role="add-field",
    fits=mirrors,
)
def point_identity(play: Play) -> None:
    """Send points of every kind of grouping."""
    kapacitor = play.started()
    for dimensions, by_name in (
        (["host"], False),
        (["dc", "host"], False),
        ([], False),
        (["host"], True),
        ([], True),
        (["host", "missing"], False),
    ):
        _round_trip(play, kapacitor, point(1, dimensions=dimensions, by_name=by_name))
    _round_trip(play, kapacitor, point(2, database="", retention_policy="", tags={}))


@case(
    27,
    "retyped-field",
    "a field set to several types keeps the last on the wire, and no other",
    role="retype",
    fits=nothing_else,
)
def retyped_field(play: Play) -> None:
    """Kapacitor would merge the four maps in an order of its own."""
    kapacitor = play.started()
    last = {"int": 1, "double": 2.5, "string": "three", "bool": True}
    for kind, value in last.items():
        for before in (7.5, 8, "was", False):
            kapacitor.send(point(fields={"last": kind, "value": before}))
            answer = kapacitor.receive(Point)
            maps = [name for name, fields in _field_maps(answer).items() if "value" in fields]
            if maps != [kind]:
                raise Misbehaved(f"the field set last to {kind} is on the wire as {maps}")
            if exact(answer.fields["value"]) != exact(value):
                raise Misbehaved(f"the field is {answer.fields['value']!r}, not {value!r}")


def _field_maps(answer: Point) -> dict[str, Any]:
    """Return a point's four maps as they came: in the merged ones a clash cannot be seen."""
    assert isinstance(answer, WirePoint)
    message = answer.parse()
    return {
        "int": message.fieldsInt,
        "double": message.fieldsDouble,
        "string": message.fieldsString,
        "bool": message.fieldsBool,
    }


@case(
    28,
    "bad-values",
    "a missing or mistyped field, NaN, infinity: skipped, replaced or an error, never invented",
    role="square",
    fits=nothing_else,
)
def bad_values(play: Play) -> None:
    """Send one bad point and a good one; either the first stops the task or the second comes."""
    bad: tuple[dict[str, Any], ...] = ({"y": 1.0}, {"x": "text"}, {"x": 4}, {"x": 1e200})
    for fields in bad:
        kapacitor = play.started()
        kapacitor.send(point(1, fields))
        kapacitor.send(point(2, {"x": 3.0}))
        _judge_values(play, kapacitor, fields)
        play.restart()


def _judge_values(play: Play, kapacitor: Kapacitor, sent: dict[str, Any]) -> None:
    answers = kapacitor.rest(play.grace_s)
    for answer in answers:
        if isinstance(answer, ErrorResponse):
            require(answer.error, "the error frame", r"\w+")
            play.left(kapacitor)
            return
        fields = dict(answer.fields)
        invented = set(fields) - {*sent, "x", "square", "rest"}
        if invented or ("x" in fields and "x" not in sent and answer.time == NOW + 1):
            raise Misbehaved(f"{sent} came back with fields nobody set: {fields}")
        if not all(math.isfinite(value) for value in fields.values() if type(value) is float):
            raise Misbehaved(f"what is not finite was sent: {fields}")
    good = {"x": 3.0, "square": 9.0, "rest": 0.0}
    if not answers or exact(dict(answers[-1].fields)) != exact(good):
        raise Misbehaved(f"after {sent} a good point came back as {answers[-1:]}")
    play.left(kapacitor, "zero")


@case(
    29,
    "outputs-per-point",
    "none, one or many outputs of a point are all flushed before more input is awaited",
    role="repeat",
    fits=mirrors,
)
def outputs_per_point(play: Play) -> None:
    """Send one point at a time and wait for all that it gives."""
    kapacitor = play.started()
    kapacitor.keepalive_every_s = None  # an answer to it might flush what should be out already
    for number, times in enumerate((1, 3, 0, 1000, 1)):
        sent = point(number, {"times": times, "value": 0.5})
        kapacitor.send(sent)
        if play.plays_role:
            expect_points(kapacitor, [sent.with_fields(copy=at) for at in range(times)])
        else:
            expect_points(kapacitor, [sent])
    more = kapacitor.fence()
    if more:
        raise Misbehaved(f"too many outputs: {more[0]!r}")


@case(
    30,
    "groups",
    "interleaved groups have states of their own, whatever their ids look like",
    role="counter",
    fits=nothing_else,
)
def groups(play: Play) -> None:
    """Commas, equals signs and line breaks are part of a group's id, not its grammar."""
    kapacitor = play.started()
    kinds: list[dict[str, Any]] = [
        {"tags": {"host": "a"}},
        {"tags": {"host": "a,dc=b"}},
        {"tags": {"host": "a=b"}},
        {"tags": {"host": "a\nb"}},
        {"tags": {"host": ""}},
        {"tags": {"host": "a"}, "by_name": True},
        {"tags": {"host": "a"}, "dimensions": []},
    ]
    for turn in range(5):
        for kind in kinds:
            sent = point(turn, {"value": 0.5 * turn}, **kind)
            kapacitor.send(sent)
            total = sum(0.5 * earlier for earlier in range(turn + 1))
            expect_points(kapacitor, [sent.with_fields(seen=turn + 1, total=total)])


@case(
    31,
    "extremes",
    "extreme numbers and times, text of any alphabet come back unchanged",
    role="add-field",
    fits=mirrors,
)
def extremes(play: Play) -> None:
    """Send what the types allow."""
    kapacitor = play.started()
    fields: dict[str, FieldValue] = {
        "least": INT_MIN,
        "most": INT_MAX,
        "odd": 2**53 + 1,
        "tiny": 5e-324,
        "huge": 1.7976931348623157e308,
        "minus_zero": -0.0,
        "empty": "",
        "text": "line\nbreak, 引用 \U0001f40d \x00",
        "": 1.0,
    }
    tags = {"host": "größe", "ключ": "значение", "empty": "", "=,": "\n"}
    for time in (INT_MIN, -1, 0, _ZERO_TIME, 2**53 + 1, INT_MAX):
        _round_trip(play, kapacitor, point(fields=fields, tags=tags, time=time, name="été\n"))


@case(
    32,
    "from-scratch",
    "an output made from scratch for a grouped input stays in its group, or is refused",
    role="scratch",
    fits=nothing_else,
)
def from_scratch(play: Play) -> None:
    """Without dimensions Kapacitor would put it into the group of none."""
    kapacitor = play.started()
    sent = point(1, dimensions=["dc", "host"])
    kapacitor.send(sent)
    answer = kapacitor.receive(object)
    if isinstance(answer, ErrorResponse):
        require(answer.error, "the error frame", "dimension|tag|group")
        kapacitor.close()
        play.left(kapacitor)
        return
    if not isinstance(answer, Point):
        raise Misbehaved(f"{answer!r} came where a Point was due")
    wanted = {name: sent.tags[name] for name in sent.dimensions}
    tags = {name: answer.tags.get(name) for name in answer.dimensions}
    if (answer.name, tags) != ("cpu", wanted) and not _linted(play, kapacitor):
        raise Misbehaved(f"it went out with name {answer.name!r}, dimensions {tags}, no warning")
    if exact(dict(answer.fields)) != exact({"made": 1.0}):
        raise Misbehaved(f"it went out with the fields {dict(answer.fields)}")


def _linted(play: Play, kapacitor: Kapacitor) -> bool:
    kapacitor.close()
    play.left(kapacitor)
    return play.has_said(kapacitor, "dimension")


@case(
    33,
    "emit-from-threads",
    "what other threads emit never lies inside another frame or an open batch",
    role="emit-threads",
    fits=nothing_else,
)
def emit_from_threads(play: Play) -> None:
    """Send batches while four threads emit theirs; all must be whole, each in its order."""
    kapacitor = play.started()
    wanted = [batch(number, [{"n": at} for at in range(20)]) for number in range(50)]
    for item in wanted:
        kapacitor.send(*batch_messages(item))
    emitted: dict[str, list[int]] = defaultdict(list)
    mirrored: list[int] = []

    def all_there() -> bool:
        ends = sum(isinstance(heard.message, EndBatch) for heard in kapacitor.heard)
        return kapacitor.at_end or ends >= len(wanted) + 100

    kapacitor.exchange(all_there, 4 * play.timeout_s)
    for begin, *points, end in _batches(kapacitor):
        if begin.name == "emitted":
            emitted[end.tags.get("thread", "")].append(end.tmax)
            _refuse_mixture(points, [0, 1, 2], end)
        else:
            mirrored.append(end.tmax)
            _refuse_mixture(points, list(range(20)), end)
    if mirrored != [item.tmax for item in wanted]:
        raise Misbehaved(f"{len(mirrored)} of {len(wanted)} batches came back, or out of order")
    if dict(emitted) != {str(thread): list(range(25)) for thread in range(4)}:
        counts = {thread: len(numbers) for thread, numbers in sorted(emitted.items())}
        raise Misbehaved(f"of 25 batches of each thread came, or out of order: {counts}")


def _batches(kapacitor: Kapacitor) -> list[list[Any]]:
    """Return the batches heard so far, each with its begin and end."""
    batches: list[list[Any]] = []
    for message in kapacitor.fence():
        if isinstance(message, BeginBatch):
            batches.append([])
        if not isinstance(message, (BeginBatch, Point, EndBatch)):
            raise Misbehaved(f"among the batches came {message!r}")
        batches[-1].append(message)
    return batches


def _refuse_mixture(points: list[Point], numbers: list[int], end: EndBatch) -> None:
    got = [item.fields.get("n") for item in points]
    tags = dict(end.tags).items()
    if got != numbers or not all(tags <= dict(item.tags).items() for item in points):
        raise Misbehaved(f"a batch of group {dict(end.tags)} holds {points}")
