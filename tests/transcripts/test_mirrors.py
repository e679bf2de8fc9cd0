"""Exported mirrors answer captured sessions as the mirrors of that day did."""

from __future__ import annotations

import pytest

from captures import (
    answers,
    feed_in_pieces,
    keepalives,
    python,
    read_session,
    requests,
    responses,
    sessions,
)

STREAM = [("Mirror", session) for session in sessions("a", "r1_")]
OPTIONS = [("OptionsMirror", session) for session in sessions("b1_", "b2_")]
BATCH = [("BatchMirror", session) for session in sessions("c1_", "c3_", "c5_")]


def test_all_mirror_captures_are_used():
    """No capture is lost to a typing error in a prefix."""
    assert (len(STREAM), len(OPTIONS), len(BATCH)) == (14, 4, 10)


@pytest.mark.parametrize(("handler", "session"), [*STREAM, *OPTIONS, *BATCH])
def test_a_mirror_answers_a_captured_session(scripts, handler, session):
    """Info, init and data equal the captured ones, decoded and in order."""
    sent, expected = read_session(session)

    out, stderr, status = feed_in_pieces(python(scripts[handler]), sent, seed=len(sent))

    found = responses(out)
    assert answers(found) == answers(responses(expected))
    assert keepalives(found) == keepalives(requests(sent))
    assert status == 0, stderr
