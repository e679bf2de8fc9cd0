"""`kapnb run --supervise` in real processes on real pipes."""

import os
import re
import signal
import time

import pytest

from fronts import TIMEOUT_S, is_alive
from harness import cpu
from kapnb.agent import EXIT_BROKEN_PIPE, EXIT_FAILED, EXIT_OK
from kapnb.model import (
    BeginBatch,
    EndBatch,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
)
from kapnb.supervise import EXIT_TERMINATED

COUNTING = """
class UDF(Handler):
    def group_state(self):
        return {"count": 0}

    def point(self, point, state):
        state["count"] += 1
        yield point.with_fields(count=state["count"])
"""
#: Dies at its fifth point.
DYING = COUNTING.replace(
    "yield",
    """if state["count"] == 5:
            DEATH
        yield""",
)
#: The same, but only the first process does.
DYING_ONCE = DYING.replace("== 5:", "== 5 and is_first():")


def counts(answers):
    return [answer.fields["count"] for answer in answers]


def numbered(first, last):
    return [cpu(time=number) for number in range(first, last)]


def test_killed_processes_leave_no_trace(start):
    """Three SIGKILLs between points: outputs and state go on as if nothing had happened."""
    kapacitor = start(COUNTING, "--snapshot-every", "3")
    kapacitor.send(InitRequest())
    assert kapacitor.receive(1) == [InitResponse()]

    for number in range(4):
        kapacitor.send(*numbered(5 * number, 5 * number + 5))
        assert counts(kapacitor.receive(5)) == list(range(5 * number + 1, 5 * number + 6))
        if number < 3:
            kapacitor.kill_handler(number + 1)
    kapacitor.send(SnapshotRequest())
    (snapshot,), status = kapacitor.finish()

    assert b'{"count":20}' in snapshot.snapshot
    assert status == EXIT_OK
    assert kapacitor.text().count("the Handler process ended: signal SIGKILL") == 3


def test_a_killed_batch_is_given_again(start):
    """Batches come once and whole."""
    kapacitor = start("""
class UDF(Handler):
    wants, provides = BATCH, BATCH

    def group_state(self):
        return {"count": 0}

    def point(self, point, state):
        state["count"] += 1
        yield point.with_fields(count=state["count"])
""")
    items = [Point({"v": 1.0}, time=time) for time in (1, 2)]
    batch = [BeginBatch("cpu", size=2), *items, EndBatch("cpu")]
    kapacitor.send(InitRequest(), *batch, *batch[:2])
    _, *first = kapacitor.receive(5)
    kapacitor.kill_handler(1)
    kapacitor.send(*batch[2:])

    second, status = kapacitor.finish()

    assert [counts(answers[1:3]) for answers in (first, second)] == [[1, 2], [3, 4]]
    assert (len(first), len(second), status) == (4, 4, EXIT_OK)


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("os.abort()", "signal SIGABRT"),
        ("os._exit(7)", "the process was ended by os._exit(7), line"),
        ("os._exit(0)", "the process was ended by os._exit(0), line"),
        ("1 / 0", "ZeroDivisionError: division by zero (in UDF.point, line"),
    ],
)
def test_what_ends_a_process_once_is_mended_and_named(start, death, reason):
    """Also when the input has ended and the process drains it."""
    kapacitor = start(DYING_ONCE.replace("DEATH", death))
    kapacitor.send(InitRequest(), *numbered(0, 10))

    answers, status = kapacitor.finish()

    assert counts(answers[1:]) == list(range(1, 11))
    assert status == EXIT_OK
    assert f"the Handler process ended: {reason}" in kapacitor.text()


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("os.abort()", "signal SIGABRT"),
        ("raise ValueError('boom')", "ValueError: boom (in UDF.point, line"),
    ],
)
def test_an_input_that_ends_every_process_is_given_up_and_named(start, death, reason):
    """Which point it was, and of what; everything before it has gone out."""
    kapacitor = start(DYING.replace("DEATH", death))
    kapacitor.send(InitRequest(), *numbered(100, 110))

    answers, status = kapacitor.finish()

    assert counts(answers[1:-1]) == [1, 2, 3, 4]
    assert answers[-1].error.startswith(
        "the Handler process ended 3 times in a row at the same input, point 5 since the start "
        f"(group 'host=a', time 104); the last time: {reason}"
    )
    assert (status, len(kapacitor.handler_pids())) == (EXIT_FAILED, 3)


@pytest.mark.slow
def test_an_endless_loop_is_killed_and_named(start):
    """It names itself when its busy limit is over; the next process goes on."""
    source = DYING_ONCE.replace("class UDF(Handler):", "class UDF(Handler):\n    busy_limit = 2.0")
    kapacitor = start(source.replace("DEATH", "while True: pass"))
    kapacitor.send(InitRequest(), *numbered(0, 10))

    answers, status = kapacitor.finish()

    assert counts(answers[1:]) == list(range(1, 11))
    assert status == EXIT_OK
    assert re.search(r"process ended: UDF has not returned for \d+ s, at line", kapacitor.text())


def test_keepalives_are_answered_while_a_call_runs_long(start, tmp_path):
    """With their own times; the process is not even asked."""
    released = tmp_path / "released"
    kapacitor = start(f"""
class UDF(Handler):
    def point(self, point):
        while not os.path.exists({str(released)!r}):
            time.sleep(0.01)
        return point
""")
    kapacitor.send(InitRequest())
    kapacitor.receive(1)

    kapacitor.send(cpu(), KeepaliveRequest(41), KeepaliveRequest(42))
    assert kapacitor.receive_keepalives(2) == [41, 42]
    released.touch()

    answers, status = kapacitor.finish()
    assert (len(answers), status) == (1, EXIT_OK)


def test_a_handler_that_is_not_deterministic_is_found_out(start):
    """Its replayed output differs from the one that Kapacitor has."""
    kapacitor = start("""
class UDF(Handler):
    def point(self, point):
        return point.with_fields(pid=os.getpid())
""")
    kapacitor.send(InitRequest(), cpu())
    kapacitor.receive(2)
    kapacitor.kill_handler(1)

    (error,), status = kapacitor.finish()

    assert error.error.startswith("the Handler is not deterministic: after a restart output 1")
    assert status == EXIT_FAILED


def test_a_handler_that_says_it_is_not_deterministic_is_refused(start):
    """At init, as an option is that does not fit."""
    kapacitor = start("""
class UDF(Handler):
    deterministic = False
""")
    kapacitor.send(InitRequest())

    (answer,) = kapacitor.receive(1)

    assert not answer.success
    assert "declared deterministic = False" in answer.error
    assert kapacitor.wait() == EXIT_OK


def test_emission_from_a_thread_is_refused(start):
    """At once, not at the next restart; what the point itself gives is fine."""
    kapacitor = start("""
class UDF(Handler):
    def work(self):
        self.emit(Point({"x": 1}, time=1))

    def point(self, point):
        self.emit(point)
        if point.time:
            threading.Thread(target=self.work, daemon=True).start()
""")
    kapacitor.send(InitRequest(), cpu(time=0))
    assert len(kapacitor.receive(2)) == 2
    kapacitor.send(cpu(time=1))

    answers, status = kapacitor.finish()

    assert "UDF emits from a background thread" in answers[-1].error
    assert (status, len(kapacitor.handler_pids())) == (EXIT_FAILED, 1)
    assert "HandlerError" in kapacitor.text()


def test_a_snapshot_of_this_task_must_fit(start):
    """A Handler that would start fresh after a restart would lose its state unseen."""
    kapacitor = start(
        """
class UDF(Handler):
    def point(self, point):
        pass

    def snapshot(self):
        return b"x"

    def restore(self, snapshot):
        from kapnb import SnapshotError
        raise SnapshotError("not mine")
""",
        *("--snapshot-every", "1"),
    )
    kapacitor.send(InitRequest(), RestoreRequest(b"old"))
    assert kapacitor.receive(2) == [InitResponse(), RestoreResponse()]
    for number in range(3):
        kapacitor.send(cpu(time=number), SnapshotRequest())
        kapacitor.receive(1)
    kapacitor.kill_handler(1)

    (error,), status = kapacitor.finish()

    assert error.error == "after a restart the Handler refused its own snapshot: not mine"
    assert status == EXIT_FAILED


def test_info_then_the_end_exits_cleanly(start):
    """Conformance case 13: what happens at every daemon start."""
    kapacitor = start(COUNTING)
    kapacitor.send(InfoRequest())

    assert kapacitor.finish() == ([InfoResponse()], EXIT_OK)
    assert kapacitor.text() == ""


def test_a_refused_init_ends_with_status_zero(start):
    """Although Kapacitor closes nothing."""
    kapacitor = start("""
class UDF(Handler):
    field = Option(str)
""")
    kapacitor.send(InitRequest())

    assert kapacitor.receive(1) == [InitResponse(False, "missing required option 'field'")]
    assert kapacitor.wait() == EXIT_OK


def test_a_script_that_cannot_start_is_no_endless_loop(start):
    """One process, one error, and the log has the rest."""
    kapacitor = start("raise ImportError('no model')")
    kapacitor.send(InfoRequest())

    (error,), status = kapacitor.finish()

    assert error.error.startswith("the Handler process ended before it answered: ")
    assert "ImportError: no model" in kapacitor.text()
    assert (status, len(kapacitor.handler_pids())) == (EXIT_FAILED, 1)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_with_its_handler(start, sign):
    """Nothing is left; the Handler's stop is called."""
    kapacitor = start(COUNTING + "    def stop(self):\n        print('stopped')\n")
    kapacitor.send(InitRequest())
    kapacitor.receive(1)

    kapacitor.process.send_signal(sign)

    assert kapacitor.wait() == EXIT_TERMINATED
    assert "stopped\n" in kapacitor.text()


def test_a_reader_that_is_gone_ends_everything(start):
    """Conformance case 39, although stdin stays open."""
    kapacitor = start(COUNTING)
    kapacitor.process.stdout.close()
    kapacitor.send(InitRequest())
    kapacitor.write()

    assert kapacitor.wait() == EXIT_BROKEN_PIPE
    assert kapacitor.text().count("the peer is gone") == 1


def test_the_handler_process_ends_with_a_killed_front(start):
    """Its pipes are closed then."""
    kapacitor = start(COUNTING)
    kapacitor.send(InitRequest())
    kapacitor.receive(1)
    (pid,) = kapacitor.handler_pids()

    os.kill(kapacitor.process.pid, signal.SIGKILL)
    kapacitor.wait()

    deadline = time.monotonic() + TIMEOUT_S
    while is_alive(pid):
        assert time.monotonic() < deadline
        os.sched_yield()


def test_much_data_in_both_directions_is_no_deadlock(start):
    """Far more than the pipes hold, while Kapacitor does not read."""
    kapacitor = start("""
class UDF(Handler):
    def point(self, point):
        yield point
        yield point
""")
    point = cpu().with_fields(text="x" * 50_000)
    kapacitor.send(InitRequest(), *[point] * 200)
    while kapacitor.write():
        pass

    answers, status = kapacitor.finish()

    assert (len(answers), status) == (401, EXIT_OK)


@pytest.mark.parametrize("option", ["--snapshot-every", "--buffer-points"])
def test_a_limit_that_makes_no_sense_is_refused(start, option):
    """Before any process is started."""
    kapacitor = start(COUNTING, option, "0")

    assert kapacitor.wait() == EXIT_FAILED
    assert "must be at least 1, not 0" in kapacitor.text()
    assert kapacitor.handler_pids() == []


@pytest.mark.parametrize("limit", ["soon", "nan"])
def test_a_busy_limit_that_makes_no_sense_is_refused(start, limit):
    """The variable is named, since nobody gave an option."""
    kapacitor = start(COUNTING, KAPNB_BUSY_LIMIT=limit)

    assert kapacitor.wait() == EXIT_FAILED
    assert "KAPNB_BUSY_LIMIT" in kapacitor.text()
    assert kapacitor.handler_pids() == []
