"""The simulator sends what kapacitord sent, for every capture; docs/fidelity.md says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fidelity
from kapnb import simulate

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"
START, END = "<!-- measured -->\n", "<!-- end -->\n"
SESSIONS = fidelity.sessions()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Every session, measured once."""
    return [fidelity.measure(one, tmp_path_factory.mktemp("capture")) for one in SESSIONS]


def test_all_captures_with_data_are_measured():
    """No capture is lost to a pattern: 21 processes of 17 captures got data."""
    assert len(SESSIONS) == 21
    assert len({one.capture for one in SESSIONS}) == 17


@pytest.mark.parametrize("index", range(len(SESSIONS)), ids=[one.short for one in SESSIONS])
def test_requests_and_responses_are_those_of_the_capture(rows, index):
    """Groups, dimensions, tags, batch sizes, tmax, order: decoded, all is equal."""
    row = rows[index]

    assert row.requests, row.difference
    assert row.responses is not False, row.difference


def test_the_page_shows_what_was_measured(rows):
    """The table in docs/fidelity.md is this one; KAPNB_UPDATE=1 rewrites it."""
    table = fidelity.table(rows)
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    shown, _, tail = rest.partition(END)
    if os.environ.get("KAPNB_UPDATE"):
        PAGE.write_text(f"{head}{START}{table}{END}{tail}", encoding="utf-8")
        shown = table

    assert shown == table


def test_another_grouping_is_seen(tmp_path):
    """The comparison can fail: grouped by another tag, the requests differ."""
    session = next(one for one in SESSIONS if one.short == "a1")
    sent = fidelity.kept(fidelity.requests(session.side("in")))
    script = session.script.replace("groupBy('host')", "groupBy('region')")

    run = simulate(fidelity.Mirror, fidelity.data_of(session), tick=script)

    ours = fidelity.kept(fidelity.requests(run.udf().transcript.requests))
    assert [message.time for message in ours[1:]] == [message.time for message in sent[1:]]
    assert fidelity.exact(ours[1:]) != fidelity.exact(sent[1:])
