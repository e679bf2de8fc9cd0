"""Supervisor, with Kapacitor and the Handler process played by hand and time as a number."""

import pytest

from harness import cpu
from kapnb.agent import UNSUPERVISED
from kapnb.model import (
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.supervise import EXIT_TERMINATED
from supervised import Rig, opening

BATCH_OF_ONE = [BeginBatch("cpu", size=1), Point({"v": 1.0}, time=1), EndBatch("cpu", tmax=1)]


def times(messages):
    return [message.time for message in messages]


def points(*numbers):
    return [cpu(time=number) for number in numbers]


# ------------------------------------------------------------------------- passing through


def test_what_the_process_answers_goes_to_kapacitor():
    """Info, init, restore, data and snapshots, each once and in order."""
    rig = Rig().start()
    assert rig.ask(InfoRequest()) == []
    assert rig.given() == [InfoRequest()]
    assert rig.answer(InfoResponse()) == [InfoResponse()]

    rig.ask(*opening(RestoreRequest(b"old"), *points(1, 2), SnapshotRequest()))
    assert rig.given()[:2] == opening(RestoreRequest(b"old"))
    answers = rig.answer(
        InitResponse(), RestoreResponse(), *points(1, 2), SnapshotResponse(b"state")
    )

    assert answers[:2] == [InitResponse(), RestoreResponse()]
    assert times(answers[2:4]) == [1, 2]
    assert answers[4] == SnapshotResponse(b"state")


def test_keepalives_are_answered_without_a_process():
    """With the same time, before and after a process runs."""
    rig = Rig()

    rig.supervisor.from_kapacitor(rig.kapacitor.send(KeepaliveRequest(42)), rig.now)

    assert rig.supervisor.to_kapacitor == bytes.fromhex("041a02082a")


def test_signs_of_life_of_the_process_are_swallowed():
    """Kapacitor gets its own answers; the answers to our pings are ours."""
    rig = Rig().started()
    assert len(rig.pings) == 1

    assert rig.pong() == []
    assert rig.answer(KeepaliveResponse(0), KeepaliveResponse(5)) == []
    assert rig.beats == 0


def test_a_batch_of_kapacitor_is_handed_over_when_it_is_complete():
    """So no process ever has half of one."""
    rig = Rig().started()

    rig.ask(*BATCH_OF_ONE[:2])
    assert rig.given() == []
    rig.ask(BATCH_OF_ONE[2])
    assert len(rig.given()) == 3


def test_a_snapshot_asked_for_inside_a_batch_is_that_before_it():
    """Case 23: it is asked for at once, before the batch."""
    rig = Rig().started()
    rig.ask(*BATCH_OF_ONE[:2], SnapshotRequest())

    assert rig.given() == [SnapshotRequest()]
    assert rig.answer(SnapshotResponse(b"before")) == [SnapshotResponse(b"before")]


def test_half_a_batch_of_the_process_stays_here():
    """It goes out with its end; a crash takes it away."""
    rig = Rig().started()
    rig.ask(cpu())
    rig.given()

    assert rig.answer(*BATCH_OF_ONE[:2]) == []
    rig.crash()
    rig.answer(InitResponse())
    assert len(rig.answer(*BATCH_OF_ONE)) == 3


def test_an_unknown_request_is_skipped(caplog):
    """Case 8: it is logged, and no process sees it."""
    rig = Rig().started()

    rig.supervisor.from_kapacitor(b"\x00", rig.now)

    assert rig.given() == []
    assert "skipped an unknown request" in caplog.text


# -------------------------------------------------------------------------------- crashes


def test_the_next_process_is_given_the_opening_and_the_inputs_again():
    """And what Kapacitor has already is not sent twice."""
    rig = Rig().started()
    rig.ask(*points(1, 2, 3))
    rig.given()
    assert times(rig.answer(*points(1, 2))) == [1, 2]

    again = rig.crash(-9)

    assert again[:1] == opening()
    assert times(again[1:4]) == [1, 2, 3]
    assert rig.answer(InitResponse(), *points(1, 2)) == []
    assert times(rig.answer(*points(3))) == [3]


def test_a_replay_begins_at_the_second_last_snapshot():
    """There are outputs left to compare, and no more inputs are kept."""
    rig = Rig(snapshot_every=2).started()
    for number in range(4):
        rig.ask(*points(2 * number, 2 * number + 1))
        *_, asked = rig.given()
        assert asked == SnapshotRequest()
        answers = rig.answer(
            *points(2 * number, 2 * number + 1), SnapshotResponse(b"state %d" % number)
        )
        assert times(answers) == [2 * number, 2 * number + 1]

    _, restore, *inputs = rig.crash()

    assert restore == RestoreRequest(b"state 2")
    assert rig.supervisor.restores_own
    assert times(inputs[:2]) == [6, 7]


def test_what_kapacitor_restored_is_restored_until_there_is_a_snapshot():
    """It is the state that the task began with."""
    rig = Rig().start()
    rig.ask(*opening(RestoreRequest(b"old")))
    rig.given()
    rig.answer(InitResponse(), RestoreResponse())
    rig.ask(cpu())

    assert rig.crash()[:2] == opening(RestoreRequest(b"old"))
    assert not rig.supervisor.restores_own
    assert rig.answer(InitResponse(), RestoreResponse()) == []


def test_init_is_answered_once_even_if_the_first_process_dies_of_it():
    """A signal is an accident; the next process is asked the same."""
    rig = Rig().start()
    rig.ask(*opening())
    rig.given()

    assert rig.crash(-9) == opening()
    assert rig.answer(InitResponse()) == [InitResponse()]


def test_a_question_that_was_not_answered_is_asked_again():
    """At its place among the inputs, and Kapacitor gets one answer."""
    rig = Rig().started()
    rig.ask(*points(1), SnapshotRequest(), *points(2))
    rig.given()
    rig.answer(*points(1))

    _, first, question, second, *_ = rig.crash()

    assert (first.time, question, second.time) == (1, SnapshotRequest(), 2)
    rig.answer(InitResponse(), *points(1))
    assert rig.answer(SnapshotResponse(b"one")) == [SnapshotResponse(b"one")]


def test_the_order_of_map_entries_does_not_matter():
    """It differs from process to process."""
    rig = Rig().started()
    rig.ask(cpu())
    rig.given()
    tags = [bytes.fromhex("3a060a0161120178"), bytes.fromhex("3a060a0162120179")]
    one, other = b"".join(tags), b"".join(reversed(tags))
    assert one != other

    def frame(body):
        return bytes([len(body) + 3]) + b"\x8a\x01" + bytes([len(body)]) + body

    rig.supervisor.from_child(frame(one), rig.now)
    (answer,) = rig.got()
    assert dict(answer.tags) == {"a": "x", "b": "y"}
    rig.crash()
    rig.answer(InitResponse())
    rig.supervisor.from_child(frame(other), rig.now)

    assert rig.got() == []
    assert rig.supervisor.exit_status is None


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (-11, "signal SIGSEGV"),
        (-64, "signal SIGRTMAX"),
        (-63, "signal 63"),
        (3, "exit status 3"),
        (0, "exit status 0"),
        (ErrorResponse("KeyError: x"), "KeyError: x"),
        (b"\x00", "its output is broken: an empty response"),
        (b"a line of text\n" * 9, "its output is broken: the frame's body is not protobuf"),
        (bytes.fromhex("022200"), "its output is broken: a snapshot answer that nobody asked for"),
    ],
)
def test_whatever_ends_a_process_is_named_and_mended(caplog, end, reason):
    """In the log; Kapacitor sees nothing of it."""
    rig = Rig().started()
    rig.ask(cpu())
    rig.given()

    if isinstance(end, int):
        assert rig.end(end) == []
    else:
        data = end if isinstance(end, bytes) else rig.agent.send(end)
        rig.supervisor.from_child(data, rig.now)
        assert rig.supervisor.kills_child
        assert rig.end(-9) == []

    assert f"the Handler process ended: {reason}" in caplog.text
    assert rig.start().given()[:2] in ([*opening(), cpu()], opening())


def test_restarts_wait_longer_and_longer_unless_the_task_comes_further():
    """A tenth of a second, doubled each time; progress begins anew."""
    rig = Rig(max_restarts=100).started()
    delays = []
    for _ in range(4):
        before = rig.now
        rig.crash(-9)
        delays.append(rig.now - before)
        rig.answer(InitResponse())
    assert delays == pytest.approx([0, 0.1, 0.2, 0.4])

    rig.ask(cpu())
    rig.given()
    rig.answer(cpu())
    before = rig.now
    rig.crash(-9)

    assert rig.now == before


# ----------------------------------------------------------------------------- giving up


def given_up(rig, answers):
    """Check that the last answer is an error and the end; return its text."""
    *_, error = answers
    assert isinstance(error, ErrorResponse)
    if rig.supervisor.kills_child:
        assert rig.end(-9) == []
    assert not rig.supervisor.starts_child(rig.now + 1000)
    if not rig.closed:
        assert rig.supervisor.exit_status is None
        assert rig.supervisor.reads_kapacitor  # so that its writer meets no broken pipe
        rig.close()
    assert rig.supervisor.exit_status == 1
    return error.error


@pytest.mark.parametrize(("status", "deaths"), [(-11, 3), (-9, 5)])
def test_an_input_that_ends_every_process_is_named(status, deaths):
    """After the first crash inputs are handed over one by one; a SIGKILL may be an accident."""
    rig = Rig().started()
    rig.ask(*points(1, 2, 3, 4))
    answers = []
    while not any(isinstance(answer, ErrorResponse) for answer in answers):
        if rig.agent is None:
            rig.now = max(rig.now, rig.supervisor.deadline())
            rig.start()
        inputs = rig.given()
        if any(isinstance(item, Point) and item.time == 3 for item in inputs):
            rig.agent, deaths = None, deaths - 1
            answers += rig.end(status)
            continue
        answers += rig.answer(*[InitResponse() for item in inputs if isinstance(item, InitRequest)])
        answers += rig.answer(*[item for item in inputs if isinstance(item, Point)])
        answers += rig.pong()

    assert deaths == 0
    assert times(answers[:-1]) == [1, 2]
    assert given_up(rig, answers).startswith(
        "the Handler process ended 3 times in a row at the same input, point 3 since the start "
        "(group 'host=a', time 3); the last time: signal SIG"
    )


def test_a_careful_replay_waits_for_the_answer_to_init():
    """Answers leave a process in bulk: a crash of the first input would be laid on init."""
    rig = Rig().started()
    rig.ask(*points(1, 2))
    rig.given()
    assert rig.crash(-11) == opening()

    rig.answer(InitResponse())

    assert times(rig.given()) == [1]


def test_a_process_that_dies_again_and_again_is_given_up():
    """Too many restarts within the period, wherever they happened."""
    rig = Rig(max_restarts=2).started()

    for _ in range(2):
        rig.crash(-9)
        rig.answer(InitResponse())

    assert given_up(rig, rig.end(-9)) == (
        "the Handler process was restarted 2 times within 60 s and has ended again: signal SIGKILL"
    )


def test_a_start_that_fails_again_and_again_is_named():
    """After a start that went well."""
    rig = Rig().started()
    rig.crash(-11)
    rig.crash(-11)
    rig.end(-11)
    rig.now = rig.supervisor.deadline()
    rig.start().given()

    text = given_up(rig, rig.end(-11))

    assert text.startswith("the Handler process ended 3 times in a row while it started; the last")


def test_an_end_of_the_input_that_ends_every_process_is_named():
    """What was given before is not blamed."""
    rig = Rig().started()
    rig.ask(cpu())
    rig.close()
    for _ in range(2):
        rig.mirror()
        assert rig.supervisor.closes_child
        assert rig.end(-11) == []
        rig.now = rig.supervisor.deadline()
        rig.start()
    assert rig.mirror() == []

    text = given_up(rig, rig.end(-11))

    assert text.startswith("the Handler process ended 3 times in a row at the end of its input; ")


def test_a_restore_amid_data_is_given_up():
    """Kapacitor does not do that; which state would it be?"""
    rig = Rig().started()

    answers = rig.ask(cpu(), RestoreRequest(b"state"))

    assert given_up(rig, answers) == "Kapacitor restored a snapshot after it had sent data"


def test_old_restarts_are_forgotten():
    """What counts is how many there were within the period."""
    rig = Rig(max_restarts=1).started()
    for _ in range(5):
        rig.crash(-9)
        rig.answer(InitResponse())
        rig.pong()
        rig.now += 61

    assert rig.supervisor.restarts == 5


@pytest.mark.parametrize("status", [1, 2, 127])
def test_a_process_that_never_answered_is_not_started_again(status):
    """It would not start the next time either; the daemon waits for us."""
    rig = Rig().start()
    rig.ask(InfoRequest())

    assert (
        given_up(rig, rig.end(status))
        == f"the Handler process ended before it answered: exit status {status}"
    )


def test_an_error_before_the_first_answer_is_passed_on():
    """Start-up errors explain themselves."""
    rig = Rig().start()
    rig.ask(*opening())
    rig.given()
    rig.answer(ErrorResponse("ImportError: no module named model"))

    assert "ImportError: no module named model" in given_up(rig, rig.end(1))


def test_a_program_that_cannot_be_started_is_named():
    """No process, no restart."""
    rig = Rig()
    rig.supervisor.child_did_not_start(FileNotFoundError(2, "No such file", "nothere"), rig.now)

    assert "cannot be started: [Errno 2] No such file: 'nothere'" in given_up(rig, rig.got())


def test_other_outputs_than_before_are_refused():
    """What Kapacitor has cannot be taken back."""
    rig = Rig().started()
    rig.ask(*points(1, 2))
    rig.given()
    rig.answer(cpu(1.0, time=1), cpu(2.0, time=2))
    rig.crash()
    rig.answer(InitResponse(), cpu(1.0, time=1))

    text = given_up(rig, rig.answer(cpu(2, time=2)))

    assert text.startswith("the Handler is not deterministic: after a restart output 2 since")
    assert text.endswith(UNSUPERVISED)


def test_fewer_outputs_than_before_are_refused():
    """A snapshot is asked for behind the replay; its answer shows that no more will come."""
    rig = Rig().started()
    rig.ask(*points(1, 2))
    rig.given()
    rig.answer(*points(1, 2))
    *_, last = rig.crash()
    assert last == SnapshotRequest()

    answers = rig.answer(InitResponse(), *points(1), SnapshotResponse(b"state"))

    assert "it gave 1 outputs where it had given 2 before" in given_up(rig, answers)


def test_outputs_without_input_are_refused():
    """They could not be told from the outputs of the inputs to come."""
    rig = Rig(snapshot_every=1).started()
    rig.ask(cpu())
    rig.given()
    rig.answer(cpu(), SnapshotResponse(b"state"))

    text = given_up(rig, rig.answer(cpu(time=7)))

    assert "although it had answered all its input" in text
    assert "output from the background" in text


def test_what_a_process_says_no_restart_can_mend_ends_the_task():
    """A Handler that emits from a thread says so itself."""
    rig = Rig().started()

    answers = rig.answer(ErrorResponse(f"no; {UNSUPERVISED} (in H)"))

    assert given_up(rig, answers) == f"no; {UNSUPERVISED} (in H)"


@pytest.mark.parametrize("refusal", [InitResponse(False, "no"), RestoreResponse(False, "no")])
def test_a_refusal_after_a_restart_ends_the_task(refusal):
    """The first process had accepted the same."""
    rig = Rig(snapshot_every=1).started()
    for number in range(3):
        rig.ask(cpu(time=number))
        rig.given()
        rig.answer(cpu(time=number), SnapshotResponse(b"state"))
    rig.crash()
    opened = [] if isinstance(refusal, InitResponse) else [InitResponse()]

    assert "after a restart the Handler refused" in given_up(rig, rig.answer(*opened, refusal))


def test_the_end_does_not_wait_for_kapacitor_for_ever():
    """After the error frame, input is drained for five seconds."""
    rig = Rig().start()
    assert len(rig.end(1)) == 1
    rig.wait(4.9)
    assert rig.supervisor.exit_status is None

    rig.wait(0.2)

    assert rig.supervisor.exit_status == 1


# -------------------------------------------------------------------- snapshots and buffer


def test_a_snapshot_is_taken_after_so_many_points():
    """Its answer is ours; the next one comes only after it."""
    rig = Rig(snapshot_every=2).started()
    rig.ask(*points(1, 2, 3))
    assert rig.given()[2] == SnapshotRequest()
    rig.ask(*points(4, 5))
    assert SnapshotRequest() not in rig.given()

    assert times(rig.answer(*points(1, 2), SnapshotResponse(b"state"))) == [1, 2]
    assert rig.given() == [SnapshotRequest()]


def test_a_snapshot_is_taken_after_some_time():
    """But only if anything has come since the last one."""
    rig = Rig(snapshot_after_s=10).started()
    rig.pong()
    rig.wait(11)
    assert rig.given() == []

    rig.ask(cpu())
    rig.wait(0.1)
    assert [type(message).__name__ for message in rig.given()] == ["WirePoint", "SnapshotRequest"]


def test_a_large_snapshot_is_taken_less_often():
    """After as many bytes of points as it had itself."""
    rig = Rig(snapshot_every=1).started()
    rig.ask(cpu())
    rig.given()
    rig.answer(cpu(), SnapshotResponse(b"x" * 500))
    asked = []
    for number in range(12):
        rig.ask(cpu(time=number))
        asked.append(SnapshotRequest() in rig.given())

    size = len(rig.kapacitor.send(cpu()))
    assert asked.index(True) == -(-500 // size) - 1


def test_a_full_buffer_stops_the_reading_until_a_snapshot():
    """Kapacitor waits, and gets signs of life, for its own requests for one are not read."""
    rig = Rig(buffer_points=4, snapshot_every=100).started()
    rig.ask(*points(1, 2, 3, 4))
    assert not rig.supervisor.reads_kapacitor
    rig.given()
    rig.wait(1.7)
    assert rig.beats == 3

    rig.answer(*points(1, 2, 3, 4), SnapshotResponse(b"state"))

    assert rig.supervisor.reads_kapacitor
    rig.wait(10)
    assert rig.beats == 3


def test_a_full_buffer_in_bytes_stops_the_reading():
    """Inputs and outputs count."""
    rig = Rig(buffer_bytes=2000).started()
    rig.ask(cpu())
    rig.given()
    rig.answer(cpu())
    assert rig.supervisor.reads_kapacitor

    rig.answer(*[cpu().with_fields(text="x" * 700)] * 3)

    assert not rig.supervisor.reads_kapacitor


def test_inputs_are_not_read_far_ahead_of_the_process():
    """Kapacitor counts them as delivered."""
    rig = Rig()
    rig.start()
    rig.ask(*opening())
    rig.given()
    rig.answer(InitResponse())
    rig.end(-9)

    rig.ask(*[cpu().with_fields(text="x" * 100_000)] * 12)

    assert not rig.supervisor.reads_kapacitor
    rig.start().given()
    assert rig.supervisor.reads_kapacitor


def test_a_handler_without_snapshots_is_given_up_when_the_buffer_is_full(caplog):
    """Not before: its inputs since the start are kept as long as there is room."""
    rig = Rig(buffer_points=3, snapshot_every=1).started()
    for number in range(2):
        rig.ask(cpu(time=number))
        rig.given()
        assert len(rig.answer(cpu(time=number), SnapshotResponse(b""))) == 1
    rig.ask(cpu(time=3))
    rig.given()
    answers = rig.answer(cpu(time=3), SnapshotResponse(b""))

    assert answers[0].time == 3
    assert given_up(rig, answers).startswith("3 points have come since the Handler last gave a usa")
    assert caplog.text.count("gave no usable snapshot") == 1


def test_an_empty_snapshot_that_kapacitor_asked_for_is_passed_on():
    """It keeps the one it has then."""
    rig = Rig().started()
    rig.ask(SnapshotRequest())
    rig.given()

    assert rig.answer(SnapshotResponse(b"")) == [SnapshotResponse(b"")]


def test_a_snapshot_amid_an_outgoing_batch_is_no_place_to_begin_at():
    """The next process would go on with a batch that it has not begun."""
    rig = Rig(snapshot_every=1).started()
    for number, outputs in enumerate(([], [], BATCH_OF_ONE[:1], BATCH_OF_ONE[1:])):
        rig.ask(cpu(time=number))
        rig.given()
        rig.answer(*outputs, SnapshotResponse(b"state %d" % number))

    assert rig.crash()[1] == RestoreRequest(b"state 1")


# --------------------------------------------------------------------------- hanging


def test_silence_is_no_hang_as_long_as_there_are_signs_of_life():
    """A busy process may give them of its own accord."""
    rig = Rig(busy_limit_s=60).started()
    for _ in range(10):
        rig.wait(50)
        rig.answer(KeepaliveResponse(1))

    assert not rig.supervisor.kills_child


def test_a_sign_of_life_is_asked_for_behind_every_hundred_points():
    """A slow process with a long queue and nothing to say does not hang."""
    rig = Rig(busy_limit_s=60, snapshot_every=1000).started()
    rig.pong()
    rig.ask(*points(*range(350)))
    assert len(rig.given()) == 350
    assert len(rig.pings) == 3

    for ping in rig.pings:
        rig.wait(50)
        rig.answer(KeepaliveResponse(ping))

    assert not rig.supervisor.kills_child


def test_a_process_that_hangs_is_killed_and_named(caplog):
    """After the busy limit, counted from the request for a sign of life."""
    rig = Rig(busy_limit_s=60).started()
    rig.pong()
    rig.wait(59)
    assert not rig.supervisor.kills_child

    rig.wait(60)
    assert rig.supervisor.kills_child
    rig.end(-9)

    assert "it hung: no sign of life for 60 s" in caplog.text
    assert "SIGKILL" not in caplog.text


def test_a_process_to_which_nobody_listens_does_not_hang():
    """As long as Kapacitor does not read, the process cannot be heard."""
    rig = Rig(busy_limit_s=60).started()
    rig.ask(cpu())
    rig.given()
    for _ in range(12):
        point = cpu().with_fields(text="x" * 100_000)
        rig.supervisor.from_child(rig.agent.send(point), rig.now)
    assert not rig.supervisor.reads_child

    rig.now += 1000
    rig.supervisor.tick(rig.now)
    assert not rig.supervisor.kills_child
    rig.got()
    rig.wait(61)
    assert rig.supervisor.kills_child


def test_a_process_that_hangs_at_its_end_is_killed():
    """There are no more requests for signs of life then."""
    rig = Rig(busy_limit_s=60).started()
    rig.close()
    rig.given()
    rig.pong()
    assert rig.supervisor.closes_child

    rig.wait(61)

    assert rig.supervisor.kills_child


# ------------------------------------------------------------------------------- the end


def test_the_end_of_the_input_is_passed_on_and_so_is_the_status():
    """Everything is answered first."""
    rig = Rig().started()
    rig.ask(cpu(time=1))
    rig.close()
    rig.given()
    assert rig.supervisor.closes_child

    rig.answer(cpu(time=1))
    rig.pong()
    rig.end(0)

    assert rig.supervisor.exit_status == 0


@pytest.mark.parametrize("status", [-11, 1, 0])
def test_a_crash_behind_the_end_of_the_input_is_mended(status):
    """Even one that looks like a regular end, if not all input is known to be handled."""
    rig = Rig().started()
    rig.ask(*points(1, 2))
    rig.close()
    rig.given()
    rig.answer(*points(1))
    assert rig.end(status) == []

    assert times(rig.start().mirror()) == [2]
    rig.end(0)

    assert rig.supervisor.exit_status == 0


def test_an_end_amid_an_output_is_no_regular_end(caplog):
    """Even with status 0, and all input handled."""
    rig = Rig().started()
    rig.close()
    rig.given()
    rig.pong()

    rig.supervisor.from_child(rig.agent.send(cpu())[:-1], rig.now)
    assert rig.end(0) == []

    assert "the stream ended inside a frame's body" in caplog.text
    assert rig.supervisor.starts_child(rig.now)


def test_an_end_with_fewer_outputs_than_before_is_refused():
    """Even where no snapshot has shown it, because one was under way already."""
    rig = Rig(snapshot_every=1).started()
    rig.ask(*points(1, 2))
    rig.given()
    rig.answer(*points(1, 2))
    rig.close()
    rig.given()
    rig.crash()
    assert rig.supervisor.closes_child

    rig.answer(InitResponse(), *points(1), SnapshotResponse(b"state"))
    rig.pong()

    assert "it gave 1 outputs where it had given 2" in given_up(rig, rig.end(0))


def test_a_batch_that_kapacitor_does_not_end_is_dropped():
    """As it is without supervision."""
    rig = Rig().started()
    rig.ask(*BATCH_OF_ONE[:2])
    rig.close()

    assert rig.given() == []
    assert rig.supervisor.closes_child


def test_a_refused_init_is_passed_on_and_ends_everything():
    """Kapacitor forgets the process without closing it; status 0."""
    rig = Rig().start()
    rig.ask(*opening())
    rig.given()

    assert rig.answer(InitResponse(False, "no")) == [InitResponse(False, "no")]
    assert rig.supervisor.closes_child
    rig.end(0)

    assert rig.supervisor.exit_status == 0


def test_a_process_that_stays_after_its_refusal_is_killed():
    """After the grace period."""
    rig = Rig(grace_s=5).start()
    rig.ask(*opening())
    rig.given()
    rig.answer(InitResponse(False, "no"))

    rig.wait(5)

    assert rig.supervisor.kills_child
    rig.end(-9)
    assert rig.supervisor.exit_status == 0


def test_garbage_of_kapacitor_ends_the_task_after_what_came_before_it():
    """Cases 6 and 7: an error with the byte's offset, and status 1."""
    rig = Rig().started()
    rig.ask(cpu(time=1))
    rig.supervisor.from_kapacitor(b"\x02\x0a\xff", rig.now)
    rig.given()
    assert rig.supervisor.closes_child

    assert times(rig.answer(cpu(time=1))) == [1]
    rig.pong()
    (error,) = rig.end(0)

    assert error.error.startswith("the frame's body is not protobuf")
    assert rig.supervisor.exit_status == 1


def test_asked_to_end_it_lets_the_process_finish():
    """Its outputs still go out; nothing is started again."""
    rig = Rig().started()
    rig.ask(cpu(time=1))
    rig.supervisor.terminate(rig.now)
    rig.given()
    assert not rig.supervisor.reads_kapacitor
    assert rig.supervisor.closes_child

    assert times(rig.answer(cpu(time=1))) == [1]
    rig.end(-15)

    assert rig.supervisor.exit_status == EXIT_TERMINATED


def test_asked_to_end_it_does_not_wait_for_ever():
    """A process that does not leave is killed after the grace period."""
    rig = Rig(grace_s=5).started()
    rig.supervisor.terminate(rig.now)

    rig.wait(5)

    assert rig.supervisor.kills_child


def test_asked_to_end_between_two_processes_it_ends_at_once():
    """There is nothing to wait for."""
    rig = Rig().started()
    rig.end(-9)

    rig.supervisor.terminate(rig.now)

    assert rig.supervisor.exit_status == EXIT_TERMINATED


def test_a_reader_that_is_gone_ends_it(caplog):
    """Case 39: logged once; the process is asked to leave."""
    rig = Rig().started()
    rig.supervisor.kapacitor_is_gone(rig.now)
    rig.supervisor.kapacitor_is_gone(rig.now)
    rig.given()
    assert rig.supervisor.closes_child

    rig.end(0)

    assert rig.supervisor.exit_status == 3
    assert caplog.text.count("the peer is gone") == 1
