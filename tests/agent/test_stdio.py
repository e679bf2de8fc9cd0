"""stdio, in real processes on real pipes: what Kapacitor starts is what runs here."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest

from harness import TRANSCRIPTS, cpu
from kapnb.agent import EXIT_BROKEN_PIPE, EXIT_FAILED, EXIT_OK
from kapnb.model import ErrorResponse, InfoRequest, InitRequest, InitResponse, SnapshotRequest
from kapnb.protocol import Connection, Role
from processes import PULSE, TIMEOUT_S

MIRROR = """
class UDF(Handler):
    pass
"""
SCRIPT = """\
from kapnb.agent import _agent, _start, claim_stdio, run
claim_stdio()
import os, signal, subprocess, sys, threading
from kapnb import BATCH, Batch, Handler, InitResponse, Option, Point
{source}
run(UDF)
"""


class Kapacitor:
    """Kapacitor's side of one process."""

    def __init__(self, tmp_path, source):
        script = tmp_path / "udf.py"
        script.write_text(SCRIPT.format(source=source))
        self.connection = Connection(Role.KAPACITOR)
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            bufsize=0,
        )

    def send(self, *messages):
        """Write requests; the process may answer meanwhile."""
        self.process.stdin.write(b"".join(self.connection.send(message) for message in messages))

    def receive(self, count):
        """Return the next `count` responses but for signs of life, without closing anything."""
        events, deadline = [], time.monotonic() + TIMEOUT_S
        while len(events) < count:
            ready, _, _ = select.select([self.process.stdout], [], [], deadline - time.monotonic())
            assert ready, f"no answer; so far {events}"
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f"no more answers; so far {events}"
            self.connection.receive_data(data)
            events += self._events()
        return events

    def _events(self):
        return [event for event in self.connection.events() if event != PULSE]

    def finish(self, data=b""):
        """Close stdin and return the remaining responses, the exit status and stderr."""
        out, err = self.process.communicate(data or None, timeout=TIMEOUT_S)
        if out:
            self.connection.receive_data(out)
        return self._events(), self.process.returncode, err.decode()

    def wait(self):
        """Return the exit status of a process that ends by itself."""
        return self.process.wait(TIMEOUT_S)


@pytest.fixture
def start(tmp_path):
    """Give a function that starts a script; what still runs at the end is killed."""
    started = []

    def start(source):
        started.append(Kapacitor(tmp_path, source))
        return started[-1]

    yield start
    for kapacitor in started:
        kapacitor.process.kill()
        kapacitor.process.wait(TIMEOUT_S)
        for pipe in (kapacitor.process.stdin, kapacitor.process.stdout, kapacitor.process.stderr):
            pipe.close()


def test_info_then_the_end_exits_cleanly(start):
    """Conformance case 13: what happens at every daemon start."""
    kapacitor = start(MIRROR)
    kapacitor.send(InfoRequest())

    answers, status, err = kapacitor.finish()

    assert (len(answers), status, err) == (1, EXIT_OK, "")


def test_a_lone_point_is_answered_without_further_input(start):
    """Conformance case 29: written out as soon as input runs dry."""
    kapacitor = start(MIRROR)
    kapacitor.send(InitRequest())
    assert kapacitor.receive(1) == [InitResponse()]

    for at in range(3):
        kapacitor.send(cpu(time=at))
        (answer,) = kapacitor.receive(1)
        assert answer.time == at

    answers, status, _ = kapacitor.finish()
    assert (answers, status) == ([], EXIT_OK)


def test_queued_work_is_finished_at_the_end(start):
    """Conformance case 5: more than a pipe holds, both ways."""
    kapacitor = start(MIRROR)
    points = [cpu(time=at).with_fields(text="x" * 2000) for at in range(300)]
    data = b"".join(kapacitor.connection.send(m) for m in [InitRequest(), *points])

    answers, status, _ = kapacitor.finish(data)

    assert [answer.time for answer in answers[1:]] == list(range(300))
    assert status == EXIT_OK


def test_a_captured_session_is_mirrored_byte_for_byte(start):
    """What kapacitord wrote into the pipe of its own mirror."""
    kapacitor = start(MIRROR)
    data = (TRANSCRIPTS / "a1_stream_mirror_groupby_host.in.bin").read_bytes()
    kapacitor.connection.send(InitRequest())
    kapacitor.connection.send(SnapshotRequest())

    answers, status, err = kapacitor.finish(data)

    assert (status, err) == (EXIT_OK, "")
    assert len(answers) > 10


NOISE = {
    "print": "print('noise', flush=True)",
    "print in pieces": "print('noise')",
    "sys.stdout": "sys.stdout.write('noise\\n'); sys.stdout.flush()",
    "sys.__stdout__": "sys.__stdout__.write('noise\\n'); sys.__stdout__.flush()",
    "file descriptor 1": "os.write(1, b'noise\\n')",
    "/dev/stdout": "os.system('echo noise')",
    "child process": "subprocess.run([sys.executable, '-c', 'print(\"noise\")'], check=True)",
}


@pytest.mark.parametrize("noise", NOISE)
def test_what_user_code_prints_appears_on_stderr(start, noise):
    """Conformance case 11: at import, in init, in point; stdout stays pure frames."""
    kapacitor = start(f"""
def make_noise():
    {NOISE[noise]}

make_noise()

class UDF(Handler):
    def init(self):
        make_noise()

    def point(self, point):
        make_noise()
        return point
""")
    kapacitor.send(InitRequest(), cpu())

    answers, status, err = kapacitor.finish()

    assert len(answers) == 2
    assert status == EXIT_OK
    assert err == "noise\n" * 3


@pytest.mark.parametrize(
    "read", ["input()", "sys.stdin.buffer.read(1)[0]", "subprocess.check_output(['cat'])[0]"]
)
def test_user_code_that_reads_stdin_finds_it_empty(start, read):
    """It cannot take a byte of the next frame away."""
    kapacitor = start(f"""
class UDF(Handler):
    def point(self, point):
        try:
            {read}
        except (EOFError, IndexError) as error:
            return Point({{"found": type(error).__name__}})
""")
    kapacitor.send(InitRequest(), cpu(), cpu())

    answers, status, _ = kapacitor.finish()

    assert {a.fields["found"] for a in answers[1:]} <= {"EOFError", "IndexError"}
    assert (len(answers), status) == (3, EXIT_OK)


def test_the_end_inside_a_frame_is_a_failure(start):
    """Conformance case 6: told on stderr, no call with half of the data."""
    kapacitor = start(MIRROR)
    data = kapacitor.connection.send(InitRequest()) + kapacitor.connection.send(cpu())[:-1]

    answers, status, err = kapacitor.finish(data)

    assert [type(answer) for answer in answers] == [InitResponse, ErrorResponse]
    assert status == EXIT_FAILED
    assert "the stream ended inside a frame's body" in err


def test_garbage_is_a_failure_with_an_error_frame(start):
    """Conformance case 7: without waiting for the end of the stream."""
    kapacitor = start(MIRROR)
    kapacitor.process.stdin.write(b"\xff\xff\xff\xff\xff\xff")

    (answer,) = kapacitor.receive(1)

    assert "more than 5 bytes" in answer.error
    assert kapacitor.wait() == EXIT_FAILED


def test_a_refused_init_ends_the_process_by_itself(start):
    """Conformance case 16: Kapacitor would leak it."""
    kapacitor = start("""
class UDF(Handler):
    field = Option(str)
""")
    kapacitor.send(InitRequest())

    (answer,) = kapacitor.receive(1)

    assert answer == InitResponse(False, "missing required option 'field'")
    assert kapacitor.wait() == EXIT_OK


def test_a_failing_handler_drains_its_input_and_fails(start):
    """Conformance case 17 and more: Kapacitor's writer does not meet a broken pipe."""
    kapacitor = start("""
class UDF(Handler):
    def point(self, point):
        return 1 / 0
""")
    kapacitor.send(InitRequest(), cpu())
    _, answer = kapacitor.receive(2)
    assert answer.error.startswith("ZeroDivisionError: division by zero (in UDF.point, line ")
    assert answer.error.endswith("of udf.py: return 1 / 0)")

    for _ in range(20):  # far more than a pipe holds
        kapacitor.send(cpu().with_fields(text="x" * 50_000))
    answers, status, err = kapacitor.finish()

    assert (answers, status) == ([], EXIT_FAILED)
    assert "Traceback" in err


def test_a_failing_handler_does_not_wait_for_ever(start):
    """A peer that never closes cannot keep the process."""
    kapacitor = start("""
_agent.DRAIN_S = 0.05

class UDF(Handler):
    def point(self, point):
        return 1 / 0
""")
    kapacitor.send(InitRequest(), cpu())

    assert kapacitor.wait() == EXIT_FAILED


def test_a_reader_that_is_gone_ends_the_process(start):
    """Conformance case 39: logged once, although stdin stays open."""
    kapacitor = start(MIRROR)
    kapacitor.process.stdout.close()
    kapacitor.send(InitRequest())

    assert kapacitor.wait() == EXIT_BROKEN_PIPE
    assert kapacitor.process.stderr.read().count(b"the peer is gone") == 1


@pytest.mark.parametrize("daemon", [True, False])
@pytest.mark.parametrize("ending", ["end", "refused"])
def test_a_thread_of_the_user_does_not_keep_the_process(start, daemon, ending):
    """Kapacitor waits for the exit without limit."""
    kapacitor = start(f"""
_start.EXIT_GRACE_S = 0.05

class UDF(Handler):
    def init(self):
        threading.Thread(target=threading.Event().wait, daemon={daemon}).start()
        return InitResponse({ending == "end"}, "")
""")
    kapacitor.send(InitRequest())
    kapacitor.receive(1)
    if ending == "end":
        kapacitor.process.stdin.close()

    assert kapacitor.wait() == EXIT_OK


def test_what_a_thread_emits_goes_out_without_input(start):
    """Conformance case 33: the reader is woken."""
    kapacitor = start("""
class UDF(Handler):
    def init(self):
        self.asked = threading.Event()
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        self.asked.wait()
        for time in range(100):
            self.emit(Point({"x": time}, time=time))

    def point(self, point):
        self.asked.set()
""")
    kapacitor.send(InitRequest(), cpu())

    answers = kapacitor.receive(101)

    assert [answer.time for answer in answers[1:]] == list(range(100))
    assert kapacitor.finish()[1] == EXIT_OK


def test_stop_is_called_before_the_exit(start):
    """Resources can be let go of; what it prints is seen."""
    kapacitor = start("""
class UDF(Handler):
    def stop(self):
        print("stopped")
""")

    assert kapacitor.finish() == ([], EXIT_OK, "stopped\n")


def test_claiming_stdio_twice_is_claiming_it_once(start):
    """The script does it first, `run` does it again."""
    kapacitor = start("assert claim_stdio() is claim_stdio()\n" + MIRROR)
    kapacitor.send(InitRequest())

    answers, status, err = kapacitor.finish()

    assert (answers, status, err) == ([InitResponse()], EXIT_OK, "")


def test_the_frames_are_not_inherited_by_children(start):
    """A child that lives on does not hold Kapacitor's pipes open."""
    kapacitor = start("""
_start.EXIT_GRACE_S = 0.05

class UDF(Handler):
    def init(self):
        child = subprocess.Popen(["cat", "/proc/self/fd/0"], stdout=subprocess.DEVNULL)
        child.wait()
        code = "import os; print(sorted(os.listdir('/proc/self/fd')))"
        print(subprocess.check_output([sys.executable, "-c", code], text=True), end="")
""")
    kapacitor.send(InitRequest())

    _, status, err = kapacitor.finish()

    assert status == EXIT_OK
    assert err == "['0', '1', '2', '3']\n"


def test_a_forked_child_that_comes_back_writes_no_frame(start):
    """User code forks, and leaves the child by an exception that ends up in our loop."""
    kapacitor = start("""
class UDF(Handler):
    def point(self, point):
        if os.fork() == 0:
            sys.exit(0)
        os.wait()
        yield point
""")
    kapacitor.send(InitRequest(), cpu(time=1))
    assert len(kapacitor.receive(2)) == 2

    answers, status, _ = kapacitor.finish()

    assert (answers, status) == ([], EXIT_OK)


def test_a_forked_child_that_stays_does_not_keep_kapacitor_waiting(start):
    """A worker of a pool, say; Kapacitor waits for the end of stdout without limit."""
    kapacitor = start("""
class UDF(Handler):
    def point(self, point):
        child = os.fork()
        if child == 0:
            os.closerange(0, 3)  # stderr is its own business
            signal.pause()
        yield point.with_fields(child=child)
""")
    kapacitor.send(InitRequest(), cpu(time=1))
    _, answer = kapacitor.receive(2)
    child = answer.fields["child"]

    answers, status, _ = kapacitor.finish()

    os.kill(child, signal.SIGKILL)  # it is still there
    assert (answers, status) == ([], EXIT_OK)
