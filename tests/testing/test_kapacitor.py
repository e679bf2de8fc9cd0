"""Kapacitor as a player: for tests that users write about agents of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kapnb.errors import TargetError
from kapnb.model import (
    BeginBatch,
    EndBatch,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveResponse,
    Point,
)
from kapnb.testing import AgentProcess, Kapacitor, Misbehaved, difference

RAW = Path(__file__).parents[1] / "conformance" / "raw_agent.py"
#: What nothing that works waits for, and what a wait for nothing lasts.
LONG_S, SHORT_S = 30.0, 0.2


def python(source):
    return [sys.executable, "-S", "-E", "-c", source]


def mirror(fault="none"):
    return [sys.executable, "-S", "-E", str(RAW), fault]


@pytest.fixture
def play():
    """Give a function that starts a command under a player."""
    players = []

    def start(command, **more):
        players.append(Kapacitor(command, **{"timeout_s": LONG_S, **more}))
        return players[-1]

    yield start
    for player in players:
        player.kill()


def cpu(number=0, **fields):
    return Point(fields, time=number, name="cpu", tags={}, dimensions=())


def test_a_whole_life(play):
    """Requests out, responses in, the end awaited, the status told."""
    kapacitor = play(mirror())

    kapacitor.send(InfoRequest())
    assert kapacitor.receive(InfoResponse) == InfoResponse()
    kapacitor.send(InitRequest(), cpu(1), cpu(2))
    assert kapacitor.receive(InitResponse).success
    assert kapacitor.receive(Point).time == 1
    assert [point.time for point in kapacitor.rest()] == [2]
    assert kapacitor.exit_status() == 0
    assert kapacitor.stderr() == ""


def test_a_message_of_another_kind_is_named(play):
    """Both the one that came and the one that was due."""
    kapacitor = play(mirror())
    kapacitor.send(InfoRequest())

    with pytest.raises(Misbehaved, match=r"InfoResponse\(.* came where a InitResponse was due"):
        kapacitor.receive(InitResponse)


def test_every_wait_has_an_end(play):
    """An agent that says nothing does not stop a test suite."""
    silent = play(python("import time; time.sleep(600)"))

    with pytest.raises(Misbehaved, match=r"no InfoResponse within 0\.2 s"):
        silent.receive(InfoResponse, within_s=SHORT_S)
    with pytest.raises(Misbehaved, match=r"did not exit within 0\.2 s"):
        silent.exit_status(SHORT_S)
    with pytest.raises(Misbehaved, match=r"did not end within 0\.2 s"):
        silent.rest(SHORT_S)


def test_an_agent_that_does_not_read_is_found_out(play):
    """Once the pipe is full."""
    deaf = play(python("import time; time.sleep(600)"), timeout_s=SHORT_S)

    with pytest.raises(Misbehaved, match="did not read its input"):
        deaf.write(b"x" * 10_000_000)


def test_an_agent_that_is_gone_ends_a_wait_at_once(play):
    """Also one that left without reading what was written."""
    gone = play(python("raise SystemExit(7)"))
    gone.exit_status()

    gone.send(InfoRequest())
    with pytest.raises(Misbehaved, match="closed its output where a InfoResponse was due"):
        gone.receive(InfoResponse)
    with pytest.raises(Misbehaved, match="closed its output where a keepalive answer was due"):
        gone.fence()
    assert gone.exit_status() == 7


def test_a_signal_is_a_negative_status(play):
    """As in subprocess."""
    assert play(python("import os; os.kill(os.getpid(), 9)")).exit_status() == -9


def test_what_kapacitor_does_not_bear_raises(play):
    """An end without a begin, a duplicate answer."""
    for fault, message in {
        "lone-end": BeginBatch("cpu"),
        "two-infos": InfoRequest(),
    }.items():
        kapacitor = play(mirror(fault))
        kapacitor.send(InitRequest())
        kapacitor.receive(InitResponse)
        kapacitor.send(message)
        if isinstance(message, BeginBatch):
            kapacitor.send(EndBatch("cpu"))
        with pytest.raises(Misbehaved, match="what Kapacitor does not bear"):
            kapacitor.fence()


def test_signs_of_life_are_asked_for_while_waiting(play):
    """As often as it is said, and by nobody else."""
    kapacitor = play(mirror())
    kapacitor.keepalive_every_s = 0.01

    kapacitor.exchange(lambda: len(kapacitor.heard) >= 3, asking=True)

    assert all(isinstance(heard.message, KeepaliveResponse) for heard in kapacitor.heard)
    assert len(kapacitor.asked) >= 3
    assert kapacitor.slowest_sign() >= 0


def test_keepalives_are_no_answers_to_anything_else(play):
    """They are heard, and `receive` passes over them."""
    kapacitor = play(mirror())
    kapacitor.ask(42)
    kapacitor.send(InfoRequest())

    assert kapacitor.receive(InfoResponse) == InfoResponse()
    assert [heard.message for heard in kapacitor.heard] == [KeepaliveResponse(42), InfoResponse()]


def test_parts_are_read_one_by_one(play):
    """The second is written only when the first was read."""
    kapacitor = play(
        python("import os, sys; [print(len(os.read(0, 99)), file=sys.stderr) for _ in range(3)]")
    )
    kapacitor.write_apart(b"a", b"bc", b"def")
    kapacitor.exit_status()

    assert kapacitor.stderr().split() == ["1", "2", "3"]


def test_a_truncated_answer_raises(play):
    """The agent died in the middle of a frame."""
    kapacitor = play(python(r"import os; os.write(1, b'\x05\x0a')"))

    with pytest.raises(Misbehaved, match="ended inside a frame"):
        kapacitor.rest()


def test_a_child_that_keeps_the_pipes_is_ended_with_its_parent():
    """`kill` ends the whole process group; nothing is left behind."""
    source = "import subprocess, sys; subprocess.Popen(['sleep', '600']); sys.stderr.write('up')"
    with Kapacitor(python(source), timeout_s=LONG_S) as kapacitor:
        assert kapacitor.exit_status() == 0
        assert not kapacitor.at_end

    assert kapacitor.process.stderr() == "up"


def test_several_connections_to_one_server(play, tmp_path):
    """A process that is given is left alone at the end."""
    path = str(tmp_path / "socket")
    process = AgentProcess([*mirror(), "--socket", path], pipes=False)
    try:
        first, second = play(process, socket=path), play(process, socket=path)
        first.ask(1)
        second.ask(2)
        first.kill()
        second.ask(3)
        assert process.status() is None
    finally:
        process.kill()


def test_a_server_that_does_not_listen_is_found_out(tmp_path):
    """One that is up and silent, and one that has left."""
    path = str(tmp_path / "socket")

    with pytest.raises(Misbehaved, match="nobody listens on"):
        Kapacitor(python("import time; time.sleep(600)"), socket=path, timeout_s=SHORT_S)
    with pytest.raises(Misbehaved, match="left before it was called"):
        Kapacitor(python(""), socket=path, timeout_s=LONG_S)


def test_a_program_that_is_not_there_is_named():
    """Not as a traceback of subprocess."""
    with pytest.raises(TargetError, match="no-such-agent cannot be started"):
        Kapacitor(["no-such-agent"])


def test_a_flood_on_stderr_is_read_and_forgotten(play):
    """The agent does not block on it, and our memory is bounded."""
    flood = "import sys; [sys.stderr.write('x' * 999_999 + '\\n') for _ in range(9)]"
    kapacitor = play(python(flood))

    assert kapacitor.exit_status() == 0
    assert 3_000_000 < len(kapacitor.stderr()) < 5_000_000


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        (cpu(), cpu(), None),
        (cpu(1), cpu(2), "time is 2 where 1 was expected"),
        (cpu(v=1), cpu(v=1.0), "fields['v'] is 1.0 where 1 was expected"),
        (cpu(v=0.0), cpu(v=-0.0), "fields['v'] is -0.0 where 0.0 was expected"),
        (cpu(v=float("nan")), cpu(v=float("nan")), None),
        (cpu(v=1), cpu(), "fields['v'] is missing where 1 was expected"),
        (cpu(), cpu(v=1), "fields['v'] is 1 where nothing was expected"),
        (
            cpu(v="x" * 99),
            cpu(v="y"),
            f"fields['v'] is 'y' where '{'x' * 78}… was expected",
        ),
        (BeginBatch("a"), EndBatch("a"), "a EndBatch came where a BeginBatch was expected"),
        (EndBatch("a", tmax=1), EndBatch("a", tmax=1), None),
        (InfoResponse(), InfoResponse(options={"a": ()}), "options['a'] is () where nothing"),
    ],
)
def test_a_difference_is_told_in_words(expected, actual, words):
    """Types and signs count; NaN equals itself."""
    told = difference(expected, actual)

    assert told is None if words is None else told.startswith(words)
