"""The kit can fail: agents that are wrong in one thing fail the case that is about it."""

from __future__ import annotations

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kapnb.errors import TargetError
from kapnb.testing import conformance
from kapnb.testing._kapacitor import Kapacitor
from kapnb.testing._line import Line
from kapnb.testing.conformance import CASES, ROLES, Verdict
from kapnb.testing.conformance._play import Play, Target

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "conformance.md"
RAW = [sys.executable, "-S", "-E", str(HERE / "raw_agent.py")]
WRONG = [sys.executable, str(HERE / "wrong_roles.py")]
#: A wait that ends well; only faults that show as silence wait for the shorter one.
LONG_S, SHORT_S = 30.0, 2.0
#: Cases that any mirror can be judged by.
FIT = {*range(1, 10), 12, 13, 18, 22, 24, 26, 29, 31, 39}

#: Fault → number of the case that is about it, words of the reason.
RAW_FAULTS = {
    "whole-reads": (1, "closed its output"),
    "one-frame-a-read": (2, "no Point within"),
    "two-byte-lengths": (3, "no ErrorResponse|not answered|not read"),
    "allocates": (4, "MiB of memory"),
    "trusts-lengths": (4, "no ErrorResponse"),
    "loses-what-is-late": (5, "closed its output"),
    "wrong-status": (5, "status 1"),
    "ignores-truncation": (6, "status 0"),
    "quiet-garbage": (7, "closed its output"),
    "dies-of-the-unknown": (8, "closed its output"),
    "skips-in-silence": (8, "stderr does not match"),
    "dislikes-new-fields": (9, "closed its output"),
    "empty-response": (10, "empty response"),
    "prints": (11, "does not bear"),
    "two-infos": (12, "nobody asked"),
    "lingers": (13, "did not end|exited with status 3"),  # it leaves by itself, too late
    "early-data": (14, "before init"),
    "own-time": (18, "was not answered"),
    "computes": (19, "no sign of life"),
    "immortal": (20, "still gives signs of life"),
    "loads-in-silence": (21, "silent for"),
    "two-snapshots": (22, "nobody asked"),
    "keeps-old-types": (27, "on the wire as"),
    "flushes-late": (29, "no Point"),
    "begins-twice": (33, "begin inside an open batch"),
    "lone-end": (35, "end without a begin"),
    "half-batch": (36, "besides one error frame"),
    "stays-without-reader": (39, "did not exit .* closed"),
    "logs-twice": (39, "on 2 lines"),
    "waits-for-a-reader": (39, "did not exit .* unread"),
}
#: Of these, what shows as an answer that does not come.
SILENT = {
    "one-frame-a-read",
    "two-byte-lengths",
    "trusts-lengths",
    "lingers",
    "own-time",
    "computes",
    "immortal",
    "loads-in-silence",
    "flushes-late",
    "skips-in-silence",
}
HANDLER_FAULTS = {
    "init-on-info": (13, "init was called"),
    "options-reversed": (15, r"fields\['watch'\] is 'a,b' where 'b,a'"),
    "takes-anything": (16, "in spite of option 'text'"),
    "hides-the-cause": (17, "does not match /RoleError/"),
    "forgets-batches": (23, "after a restore"),
    "forgets": (24, "after the restore"),
    "loses-the-database": (26, "database is ''"),
    "invents": (28, "nobody set"),
    "one-state": (30, r"fields\['seen'\]"),
    "rounds": (31, "time is 9007199254740992"),
    "groupless": (32, "dimensions {}"),
    "own-tmax": (34, "points|tmax"),
    "bare-result": (37, "dimensions is"),
    "mixes-groups": (38, "windows of group"),
}
SERVER_FAULTS = {
    "respects-stale-files": "left before it was called|nobody listens",
    "one-at-a-time": "no InitResponse",
    "falls-together": "server has left|closed its output",
    "keeps-connections": "did not end",
    "leaves-its-file": "still there",
    "ignores-sigterm": "SIGTERM",
}


def judge(command, number, **more):
    (result,) = conformance.check(command, numbers=[number], **{"timeout_s": LONG_S, **more})
    return result


def judge_fault(fault, directory):
    """Judge an agent that has the fault by the case that is about it."""
    if fault in SERVER_FAULTS:
        command, path = [*RAW, fault, "--socket", "{socket}"], f"{directory}/{fault}"
        return judge(command, 40, socket=path, timeout_s=4.0, grace_s=2.0)
    if fault in HANDLER_FAULTS:
        return judge([*WRONG, fault, "{case}"], HANDLER_FAULTS[fault][0])
    timeout_s = SHORT_S if fault in SILENT else LONG_S
    number = RAW_FAULTS[fault][0]
    return judge([*RAW, fault, "{case}"], number, timeout_s=timeout_s, grace_s=20.0)


@pytest.fixture(scope="module")
def judged(request, tmp_path_factory):
    """Judge all faults that were selected, some at a time: they spend their time waiting."""
    selected = [
        item.callspec.params["fault"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    directory = tmp_path_factory.mktemp("sockets")
    with ThreadPoolExecutor(max_workers=5) as pool:
        yield {fault: pool.submit(judge_fault, fault, directory) for fault in selected}


def fails(result, words):
    assert result.verdict is Verdict.FAIL, result
    assert re.search(words, result.reason), result


@pytest.mark.parametrize("fault", RAW_FAULTS)
def test_an_agent_with_a_fault_fails_the_case_about_it(judged, fault):
    """For the reason that is the fault's, and no other."""
    fails(judged[fault].result(), RAW_FAULTS[fault][1])


@pytest.mark.parametrize("fault", HANDLER_FAULTS)
def test_a_handler_with_a_fault_fails_the_case_about_it(judged, fault):
    """The runtime is right and what stands on it is wrong."""
    fails(judged[fault].result(), HANDLER_FAULTS[fault][1])


@pytest.mark.parametrize("fault", SERVER_FAULTS)
def test_a_server_with_a_fault_fails_case_40(judged, fault):
    """Each part of the case about sockets can fail."""
    fails(judged[fault].result(), SERVER_FAULTS[fault])


def test_every_case_is_shown_to_fail():
    """Case 40 by the servers, 25 by the test below."""
    shown = {number for faults in (RAW_FAULTS, HANDLER_FAULTS) for number, _ in faults.values()}

    assert shown | {25, 40} == set(CASES)


def test_a_snapshot_that_is_dropped_in_silence_fails_case_25():
    """A fresh start needs a warning, or nobody learns of the loss."""
    fails(judge([*WRONG, "forgets", "{case}"], 25, timeout_s=4.0), "stderr does not match")


def test_the_same_agent_without_a_fault_passes_all_that_fits_it():
    """So it is the fault that fails, and not the agent; what does not fit says why."""
    report = conformance.check([*RAW, "none"], timeout_s=LONG_S, jobs=4)

    unfit = [result for result in report if result.verdict is Verdict.NOT_APPLICABLE]
    assert {r.number for r in report if r.verdict is Verdict.PASS} == FIT, str(report)
    assert {r.number for r in unfit} == set(CASES) - FIT
    assert all(result.reason for result in unfit)
    assert not report.failed


def test_the_same_server_without_a_fault_passes_all_that_fits_it(tmp_path):
    """On a socket, with a path for each case so that they may run together."""
    command = [*RAW, "none", "--socket", "{socket}"]

    report = conformance.check(command, socket=f"{tmp_path}/{{case}}", timeout_s=LONG_S, jobs=4)

    assert {r.number for r in report if r.verdict is Verdict.PASS} == {*FIT, 40}, str(report)


class Slowly:
    """A Kapacitor whose agent's stderr has come as far as the next of `texts` at each look."""

    def __init__(self, *texts, status=None):
        self.texts, self.status = list(texts), lambda: status
        self.process = self

    def stderr(self):
        return self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]

    def exchange(self, until, poll_s):
        assert any(until() for _ in range(9)), "it would wait until its time is over"


def test_a_pipe_that_is_held_for_an_instant_after_it_was_closed_fails_no_agent(monkeypatch):
    """Case 39: as by a child that another thread has just begun, until it is a program."""
    held, posted = [], []
    hang_up, post = Line.hang_up, Kapacitor.post

    def hang_up_but_hold(line):
        held.append(os.dup(line._process._popen.stdout.fileno()))
        hang_up(line)

    def let_go_and_post(kapacitor, data):
        if held and len(posted) < 2:
            posted.append(data)
            if len(posted) == 2:  # the first point was for the pipe that nobody reads
                os.close(held[0])
        post(kapacitor, data)

    monkeypatch.setattr(Line, "hang_up", hang_up_but_hold)
    monkeypatch.setattr(Kapacitor, "post", let_go_and_post)
    result = judge([*RAW, "none", "{case}"], 39, grace_s=20.0)
    assert result.verdict is Verdict.PASS, result
    assert (len(held), len(posted)) == (1, 2)


def test_words_on_stderr_may_be_under_way():
    """Of a server's line any part may have come with its answer; it does not end then."""
    play = Play(Target(("agent",), None, 1.0, 1.0), CASES[32], None)

    assert play.has_said(Slowly("", "no dimen", "no dimensions\n"), "Dimension")
    play.says(Slowly("one", "one, two"), "one", "two")


def test_words_of_a_process_that_has_ended_are_not_awaited():
    """There will be no more."""
    play = Play(Target(("agent",), None, 1.0, 1.0), CASES[32], None)

    assert not play.has_said(Slowly("nothing", status=0), "dimension")


def test_a_program_that_is_no_agent_fails():
    """It neither answers nor hangs the kit."""
    report = conformance.check(
        [sys.executable, "-S", "-E", "-c", "print('hello')"], timeout_s=LONG_S
    )

    assert report.failed
    failed = {result.number for result in report if result.verdict is Verdict.FAIL}
    assert {1, 12, 18} <= failed
    assert report.summary == f"0 pass, {len(failed)} fail, {40 - len(failed)} n/a"


def test_a_command_may_decline_a_role():
    """Status 77, and the reason is its own."""
    source = "import sys; sys.stderr.write('this API has no threads'); sys.exit(77)"

    result = judge([sys.executable, "-S", "-E", "-c", source, "{case}"], 33)

    assert (result.verdict, result.reason) == (Verdict.NOT_APPLICABLE, "this API has no threads")


def test_a_program_that_is_not_there_is_named():
    """That is no verdict on anything."""
    with pytest.raises(TargetError, match="no-such-agent cannot be started: No such file"):
        conformance.check(["no-such-agent"])


def test_results_come_in_order_and_one_line_each():
    """Also if one reason holds line breaks."""
    seen = []
    report = conformance.check(
        [*RAW, "none"], numbers=[18, 7, 40], timeout_s=LONG_S, progress=seen.append
    )

    assert [result.number for result in seen] == [7, 18, 40]
    assert tuple(seen) == report.results
    lines = str(report).split("\n")
    assert lines[0] == f"07 pass  {CASES[7].title}"
    assert lines[2].startswith(f"40 n/a   {CASES[40].title}: ")
    assert lines[3:] == ["2 pass, 0 fail, 1 n/a"]


def test_there_are_forty_cases_with_names_for_ever():
    """Numbers are those of the protocol notes; names are what commands are called with."""
    assert list(CASES) == list(range(1, 41))
    for number, case in CASES.items():
        assert re.fullmatch(rf"{number:02}(-[a-z0-9]+)+", case.name)
        assert case.role.name in ROLES


def test_every_role_is_needed():
    """A role without a case would be work for nothing."""
    assert {case.role.name for case in CASES.values()} == set(ROLES)


def test_the_document_lists_every_case_and_role():
    """In the words of the kit: what --list says and what the page says is one."""
    text = DOCUMENT.read_text(encoding="utf-8")

    for case in CASES.values():
        assert f"| `{case.name}` | `{case.role.name}` | {case.title} |\n" in text
    for role in ROLES.values():
        assert f"| `{role.name}` | {role.edges} | {role.does} |\n" in text
