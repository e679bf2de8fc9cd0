"""Handlers of the official API answer captured sessions as the official Agent did."""

from __future__ import annotations

import pytest

from captures import answers, captured, keepalives, read_session, requests, responses, sessions
from kapnb.agent import Agent
from kapnb.compat import adapt
from kapnb.model import Point, RestoreRequest, SnapshotResponse
from kapnb.protocol import ProtobufCodec

STREAM = [("mirror", session) for session in sessions("a", "r1_")]
OPTIONS = [("options_mirror", session) for session in sessions("b1_", "b2_")]
BATCH = [("batch_mirror", session) for session in sessions("c1_", "c3_", "c5_")]
HANDLERS = {
    "mirror": "MirrorHandler",
    "options_mirror": "OptionsMirrorHandler",
    "batch_mirror": "BatchMirrorHandler",
    "moving_average": "AverageHandler",
}


def play(load, name, data):
    """Feed `data` to the script's Handler and return all answers."""
    agent = Agent(adapt(getattr(load(name), HANDLERS[name]))())
    out = agent.feed(data) + agent.feed(b"")
    agent.session.stop()
    assert agent.session.error is None
    return responses(out)


def test_all_mirror_captures_are_used():
    """No capture is lost to a typing error in a prefix."""
    assert (len(STREAM), len(OPTIONS), len(BATCH)) == (14, 4, 10)


@pytest.mark.parametrize(("name", "session"), [*STREAM, *OPTIONS, *BATCH])
def test_a_mirror_answers_a_captured_session(load, name, session):
    """Info, init and data equal the captured ones, decoded and in order."""
    sent, expected = read_session(session)

    found = play(load, name, sent)

    assert answers(found) == answers(responses(expected))
    assert keepalives(found) == keepalives(requests(sent))


def points(messages):
    return [message for message in messages if isinstance(message, Point)]


def essence(point, field):
    # The example of the official agent keeps a running sum, which gathers rounding errors.
    mean = pytest.approx(point.fields[field], rel=1e-9, abs=1e-9)
    return point.time, point.group, dict(point.tags), sorted(point.fields), mean


def check_average(load, capture, field):
    found = points(play(load, "moving_average", captured(capture, "in")))
    expected = points(responses(captured(capture, "out")))

    assert [essence(point, field) for point in found] == [
        essence(point, field) for point in expected
    ]
    return found


def test_the_mean_of_a_real_host_is_that_of_the_official_agent(load):
    """Time, group, tags, fields and mean of all 2,538 points are equal."""
    assert len(check_average(load, "i1_host_moving_avg", "mean")) == 2538


def test_awkward_points_are_averaged_with_the_zeros_that_the_official_agent_invents(load, caplog):
    """A field that is missing is read as 0, and the log names it, once."""
    check_average(load, "b3_stream_moving_avg", "avg")

    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == len(set(warnings))


def test_state_survives_the_restarts_of_a_real_session(load):
    """Each process restores the snapshot of the one before and goes on with its mean."""
    name, snapshot = "f1_snapshot_restore_moving_avg", b""
    for session in ("", "2.", "3."):
        sent = [
            RestoreRequest(snapshot) if isinstance(message, RestoreRequest) else message
            for message in requests(captured(name, f"{session}in"))
        ]
        codec = ProtobufCodec()
        data = b"".join(codec.encode_request(message, in_batch=False) for message in sent)
        found = play(load, "moving_average", data)
        expected = responses(captured(name, f"{session}out"))

        assert [essence(point, "avg") for point in points(found)] == [
            essence(point, "avg") for point in points(expected)
        ]
        assert [type(message) for message in found] == [type(message) for message in expected]
        taken = [m.snapshot for m in found if isinstance(m, SnapshotResponse)]
        snapshot = taken[-1] if taken else snapshot


def test_options_reach_init_with_their_types_and_in_order(load):
    """All five types, several values, a flag and a repeated option."""
    handler = adapt(load("options_mirror").OptionsMirrorHandler)()
    Agent(handler).feed(captured("b1_stream_options_all", "in"))

    (init,) = (
        m for m in requests(captured("b1_stream_options_all", "in")) if hasattr(m, "task_id")
    )
    assert handler._official.task == init.task_id
    assert handler._official.received == [
        (option.name, *(item.value for item in option.values)) for option in init.options
    ]
