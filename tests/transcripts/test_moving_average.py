"""An exported moving average against those that a real Kapacitor ran."""

from __future__ import annotations

import pytest

from captures import captured, feed_in_pieces, python, requests, responses
from kapnb.model import (
    InitResponse,
    KeepaliveResponse,
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotResponse,
)
from kapnb.protocol import ProtobufCodec


def run(script, data: bytes) -> list:
    out, stderr, status = feed_in_pieces(python(script), data, seed=7)
    assert status == 0, stderr
    return responses(out)


def points(messages: list) -> list[Point]:
    return [message for message in messages if isinstance(message, Point)]


def essence(point: Point, field: str) -> tuple:
    # The official agent keeps a running sum, which gathers rounding errors; ours adds anew.
    mean = pytest.approx(point.fields[field], rel=1e-9, abs=1e-9)
    return point.time, point.group, dict(point.tags), mean


def test_the_mean_of_a_real_host_is_that_of_the_official_agent(scripts):
    """Time, group, tags and mean of all 2,538 points are equal."""
    found = points(run(scripts["MovingAverage"], captured("i1_host_moving_avg", "in")))
    expected = points(responses(captured("i1_host_moving_avg", "out")))

    assert len(found) == len(expected) == 2538
    assert [essence(point, "mean") for point in found] == [
        essence(point, "mean") for point in expected
    ]


def test_awkward_points_are_averaged_until_the_official_agent_invents_a_zero(scripts):
    """The first nine points agree; the tenth lacks the field, and ours says nothing of it."""
    found = points(run(scripts["MovingAverage"], captured("b3_stream_moving_avg", "in")))
    expected = points(responses(captured("b3_stream_moving_avg", "out")))

    assert len(found) == 9
    assert [essence(point, "avg") for point in found] == [
        essence(point, "avg") for point in expected[:9]
    ]
    tenth = points(requests(captured("b3_stream_moving_avg", "in")))[9]
    assert "usage" not in tenth.fields
    assert "avg" in expected[9].fields


def test_state_survives_the_restarts_of_a_real_session(scripts):
    """Each process restores the snapshot of the one before and goes on with its mean."""
    name, snapshot = "f1_snapshot_restore_moving_avg", b""
    for session in ("", ".2", ".3"):
        sent = _with_snapshot(captured(name, f"{session[1:]}{session[:1]}in"), snapshot)
        found = run(scripts["MovingAverage"], sent)
        expected = responses(captured(name, f"{session[1:]}{session[:1]}out"))

        assert [essence(point, "avg") for point in points(found)] == [
            essence(point, "avg") for point in points(expected)
        ]
        assert [type(message) for message in found] == [type(message) for message in expected]
        taken = [m.snapshot for m in found if isinstance(m, SnapshotResponse)]
        snapshot = taken[-1] if taken else snapshot

    assert isinstance(found[0], InitResponse)
    assert found[1] == RestoreResponse(success=True)
    assert not [message for message in found if isinstance(message, KeepaliveResponse)]


def _with_snapshot(data: bytes, snapshot: bytes) -> bytes:
    """Put our snapshot where the captured one was restored."""
    codec = ProtobufCodec()
    messages = [
        RestoreRequest(snapshot) if isinstance(message, RestoreRequest) else message
        for message in requests(data)
    ]
    return b"".join(codec.encode_request(message, in_batch=False) for message in messages)
