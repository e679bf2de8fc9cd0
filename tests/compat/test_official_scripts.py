"""Old scripts as processes, in the three ways in which they can be started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from captures import (
    answers,
    captured,
    feed_in_pieces,
    keepalives,
    read_session,
    requests,
    responses,
)
from harness import cpu
from kapnb.agent._pulse import PULSE_FRAME
from kapnb.model import ErrorResponse, InfoRequest, InitRequest, InitResponse, Point
from kapnb.protocol import ProtobufCodec

RUN = [sys.executable, "-m", "kapnb", "run"]
MODULE = [sys.executable, "-m", "kapnb.compat"]
INFO = bytes.fromhex("020a00")


def encode(*messages):
    codec = ProtobufCodec()
    return b"".join(codec.encode_request(message, in_batch=False) for message in messages)


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a script and returns its path."""

    def write(text, name="old.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def start(command, data=INFO, **settings):
    """Feed a process all at once; return its answers, its stderr, its status."""
    done = subprocess.run(
        [str(part) for part in command],
        input=data,
        capture_output=True,
        check=False,
        timeout=120,
        **settings,
    )
    return responses(done.stdout), done.stderr.decode(), done.returncode


HANDLER = """
class Old(Handler):
    def __init__(self, agent):
        self._agent = agent
    def info(self):
        return udf_pb2.Response(info={"wants": udf_pb2.STREAM})
    def init(self, request):
        return udf_pb2.Response(init={"success": True})
    def point(self, point):
        self._agent.write_response(udf_pb2.Response(point=point))
"""
IMPORTS = "from kapacitor.udf.agent import Agent, Handler\nfrom kapacitor.udf import udf_pb2\n"
MAIN = "agent = Agent()\nagent.handler = Old(agent)\nagent.start()\nagent.wait()\n"


@pytest.mark.parametrize("command", [RUN, MODULE], ids=["kapnb run", "python -m kapnb.compat"])
@pytest.mark.parametrize(
    ("name", "session"),
    [("mirror", "a1_stream_mirror_groupby_host"), ("batch_mirror", "c1_batch_mirror_groupby_host")],
)
def test_a_script_runs_unchanged_over_pipes(script, command, name, session):
    """It answers a real session as it did, prints to the log, and ends with status 0."""
    sent, expected = read_session(session)

    out, stderr, status = feed_in_pieces([*command, str(script(name))], sent, seed=3)

    found = responses(out)
    assert answers(found) == answers(responses(expected))
    assert keepalives(found) == keepalives(requests(sent))
    assert status == 0, stderr
    assert ("a print must not reach the frames" in stderr) == (name == "mirror")


@pytest.mark.parametrize(
    ("name", "session"),
    [
        ("mirror", "a1_stream_mirror_groupby_host"),
        ("batch_mirror", "c1_batch_mirror_groupby_host"),
        ("classifier", "a1_stream_mirror_groupby_host"),
    ],
)
def test_a_script_runs_on_the_slow_half_of_protobuf(script, name, session):
    """Open Edge services set this variable for the sake of older agents."""
    environment = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}

    found, stderr, status = start([*RUN, script(name)], captured(session, "in"), env=environment)

    assert status == 0, stderr
    expected = answers(responses(captured(session, "out")))
    # The classifier passes on what is hot, and nothing in that session has a temperature.
    assert answers(found) == (expected[:1] if name == "classifier" else expected)


def test_a_script_may_import_the_look_alikes_itself(written):
    """Then plain Python runs it; what was printed before the start is kept off the frames."""
    path = written("import kapnb.compat\n" + IMPORTS + "print('loading')\n" + HANDLER + MAIN)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}

    found, stderr, status = start(
        [sys.executable, path], captured("a1_stream_mirror_groupby_host", "in"), env=environment
    )

    expected = responses(captured("a1_stream_mirror_groupby_host", "out"))
    assert answers(found) == answers(expected)
    assert stderr == "loading\n"
    assert status == 0


def test_a_script_finds_itself_as_python_would_have_it(written):
    """Name, file, arguments, path, and modules beside it; imports may stand anywhere."""
    written("from kapacitor.udf import udf_pb2\nANSWER = 42\n", "beside.py")
    body = """
import sys
def main():
    import beside, os, pickle
    from kapacitor.udf.agent import Agent, Handler
    from kapacitor.udf import udf_pb2
    global Old
    class Old(Handler):
        def info(self):
            import __main__
            print(__name__, __file__, sys.argv, sys.path[0], beside.ANSWER, __main__.Old is Old)
            return udf_pb2.Response(info={"wants": udf_pb2.BATCH})
        def init(self, request):
            pass
    agent = Agent(handler=Old())
    agent.start()
    agent.wait()
    print("after")
if __name__ == "__main__":
    main()
"""
    path = written(body)

    (info,), stderr, status = start([*RUN, path.name, "one", "--", "--two"], cwd=path.parent)

    arguments = ["old.py", "one", "--two"]
    assert stderr == f"__main__ {path} {arguments} {path.parent} 42 True\nafter\n"
    assert info.wants.name == "BATCH"
    assert status == 0


@pytest.mark.parametrize(
    "words",
    [["--supervise", "old.py", "a", "--", "--b"], ["old.py", "--supervise", "--", "a", "--b"]],
)
def test_a_supervised_script_gets_its_arguments(written, words):
    """The Handler process is not the one that they were given to."""
    path = written(f"{IMPORTS}import sys\nprint('ARGUMENTS', sys.argv[1:]){HANDLER}{MAIN}")

    _, stderr, status = start([*RUN, *words], cwd=path.parent)

    assert "ARGUMENTS ['a', '--b']" in stderr
    assert status == 0


def test_arguments_are_for_old_scripts_only(written):
    """One of ours has options instead."""
    path = written("from kapnb import Handler\nclass New(Handler):\n    pass\n")
    _, stderr, status = start([*RUN, path, "--", "--size", "3"])
    assert "takes no arguments (--size 3)" in stderr
    assert status == 1


def test_a_script_that_only_mentions_kapacitor_is_no_old_one(written):
    """The imports decide, wherever they stand; text does not."""
    from kapnb._target import is_official_script

    assert is_official_script(written("def f():\n    import kapacitor.udf.udf_pb2 as pb\n"))
    assert is_official_script(written("try:\n    from kapacitor.udf import agent\nfinally: 0"))
    for text in (
        "# from kapacitor.udf import udf_pb2\n",
        "'import kapacitor'\n",
        "import kapacitors\n",
        "from .kapacitor import udf\n",
        "from kapacitor import (\n",
    ):
        assert not is_official_script(written(text))
    assert not is_official_script(written("").parent)


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        (IMPORTS + "import nonexistent_module_xyz\n", "ModuleNotFoundError: No module", "line 3"),
        (IMPORTS + HANDLER + "open('/no/model')\n" + MAIN, "FileNotFoundError: ", "line 13"),
        (IMPORTS + "import sys\nsys.exit('no license')\n", "SystemExit: no license", ""),
        (IMPORTS + "agent = Agent()\nagent.start()\n", "start() before a handler was", "line 4"),
        (IMPORTS + "class Old(Handler):\n    pass\n" + MAIN.replace("Old(agent)", "Old()"),
         "Old.info() returned None", ""),
    ],
    ids=["import", "model", "exit", "handler", "info"],
)  # fmt: skip
def test_what_fails_before_the_first_answer_reaches_kapacitor(written, text, error, line):
    """With the script's line; Kapacitor would see a broken pipe otherwise."""
    path = written(text)

    (answer,), stderr, status = start([*RUN, path])

    assert isinstance(answer, ErrorResponse)
    assert error in answer.error
    assert line in answer.error
    assert error in stderr
    assert status == 1


def test_a_failing_callback_ends_the_process_with_its_line(written):
    """Status 1, as for our own Handlers; code after wait() still runs."""
    body = HANDLER.replace("    def point", "    def point_(self):\n        pass\n    def point")
    text = IMPORTS + body.replace("self._agent.write", "1 / 0; self._agent.write") + MAIN
    path = written(text + "print('after')\n")
    data = encode(InitRequest(), Point({"x": 1.5}, time=1, name="m"))

    (init, error), stderr, status = start([*RUN, path], data)

    assert init == InitResponse()
    assert error.error.startswith("ZeroDivisionError: division by zero (in Old.point, line 14 of")
    assert "Traceback" in stderr
    assert stderr.endswith("after\n")
    assert status == 1


def test_threads_left_behind_do_not_keep_the_process(written):
    """Kapacitor would wait for it without limit."""
    text = "import threading\nthreading.Thread(target=threading.Event().wait).start()\n"
    _, stderr, status = start([*RUN, written(text + IMPORTS + HANDLER + MAIN)])
    assert (stderr, status) == ("", 0)


@pytest.mark.parametrize("end", ["", "import sys\nsys.exit()\n"], ids=["falls off", "sys.exit"])
def test_a_truncated_stream_is_no_clean_end(written, end):
    """Status 1, whichever way the script was started and ends."""
    text = IMPORTS + HANDLER + MAIN + "import atexit\natexit.register(print, 'bye')\n" + end
    sent = captured("a1_stream_mirror_groupby_host", "in")[:-3]
    importing = written("import kapnb.compat\n" + text, "importing.py")
    for command in ([*RUN, written(text)], [sys.executable, importing]):
        _, stderr, status = start(command, sent)
        assert "the stream ended inside a frame" in stderr
        assert stderr.endswith("bye\n")
        assert status == 1


def test_a_reader_that_is_gone_is_status_3(script):
    """Also for a script that knows nothing of it."""
    sent = captured("a1_stream_mirror_groupby_host", "in")
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = subprocess.Popen(
        [*RUN, str(script("mirror"))],
        stdin=subprocess.PIPE,
        stdout=write_end,
        stderr=subprocess.PIPE,
    )
    os.close(write_end)
    _, stderr = process.communicate(sent, timeout=120)
    assert b"the peer is gone" in stderr
    assert process.returncode == 3


def test_threads_write_over_real_pipes(written):
    """Whole batches of two threads and of the callbacks; each a unit."""
    body = """
import threading
def batch(handler, name, n):
    write = handler._agent.write_response
    write(udf_pb2.Response(begin={"name": name, "size": 2}))
    for k in range(2):
        write(udf_pb2.Response(point={"time": n, "fieldsInt": {"n": 2 * n + k}}))
    write(udf_pb2.Response(end={"name": name, "tmax": n}), flush=True)
class Old(Handler):
    def __init__(self, agent):
        self._agent, self.n = agent, 0
    def info(self):
        return udf_pb2.Response(info={"wants": udf_pb2.STREAM, "provides": udf_pb2.BATCH})
    def init(self, request):
        self.threads = [threading.Thread(target=self.work, args=(name,)) for name in "ab"]
        for thread in self.threads:
            thread.start()
        return udf_pb2.Response(init={"success": True})
    def work(self, name):
        for n in range(300):
            batch(self, name, n)
    def point(self, point):
        batch(self, "c", self.n)
        self.n += 1
        if self.n == 300:
            for thread in self.threads:
                thread.join()
"""
    point = Point({"x": 1.5}, time=1, name="m")
    data = encode(InitRequest(), *[point] * 300)

    found, stderr, status = start([*RUN, written(IMPORTS + body + MAIN)], data)

    assert status == 0, stderr
    order = dict.fromkeys("abc", 0)
    for begin, first, second, end in zip(*[iter(found[1:])] * 4, strict=True):
        n = order[begin.name]
        assert (end.name, end.tmax, first.fields["n"], second.fields["n"]) == (
            begin.name, n, 2 * n, 2 * n + 1,
        )  # fmt: skip
        order[begin.name] += 1
    assert order == dict.fromkeys("abc", 300)


QUEUE = """
import queue, threading
class Queued(Old):
    def __init__(self, agent):
        super().__init__(agent)
        self.queue, self.ended = queue.Queue(), threading.Event()
    def point(self, point):
        self.queue.put(point)
    def work(self):
        self.ended.wait()
        while (point := self.queue.get()) is not None:
            super().point(point)
agent = Agent()
agent.handler = Queued(agent)
worker = threading.Thread(target=agent.handler.work)
worker.start()
agent.start()
agent.wait()
agent.handler.ended.set()
agent.handler.queue.put(None)
worker.join()
agent.write_response(udf_pb2.Response(point={"time": 9, "name": "last"}))
"""


def test_a_queue_is_worked_off_after_the_end_of_the_input(written):
    """What threads write then goes out, as long as the process is there; and so does the rest."""
    data = encode(InitRequest(), *[Point({"x": 1.5}, time=n, name="m") for n in range(3)])

    (_, *points), stderr, status = start([*RUN, written(IMPORTS + HANDLER + QUEUE)], data)

    assert [point.time for point in points] == [0, 1, 2, 9], stderr
    assert status == 0


@pytest.mark.parametrize(
    ("data", "answers"),
    [(INFO, 1), (b"", 0), (encode(InitRequest(), Point({"x": 1.5}, time=1, name="m")), 2)],
    ids=["info", "nothing", "failed"],
)
def test_who_writes_after_an_end_without_a_task_is_told(written, data, answers):
    """Kapacitor would take it for an answer, or has had the last word."""
    text = HANDLER.replace("self._agent.write", "1 / 0; self._agent.write") + MAIN
    path = written(f"{IMPORTS}{text}agent.write_response(udf_pb2.Response(point={{'time': 9}}))\n")

    found, stderr, status = start([*RUN, path], data)

    assert len(found) == answers
    assert "after the agent has ended" in stderr
    assert status == 1


def test_an_installed_official_package_is_overridden(written):
    """And nothing is installed under its name."""
    written("raise RuntimeError('the real one')\n", "kapacitor/__init__.py")
    path = written(IMPORTS + HANDLER + MAIN)
    environment = {**os.environ, "PYTHONPATH": str(path.parent)}
    (info,), stderr, status = start([*RUN, path], env=environment)
    assert (info.wants.name, stderr, status) == ("STREAM", "", 0)


def test_installing_twice_is_installing_once():
    """All four modules are found, by import and by importlib."""
    import importlib
    import importlib.util

    import kapnb.compat

    kapnb.compat.install()
    before = sys.modules["kapacitor"]
    kapnb.compat.install()
    import kapacitor.udf.udf_pb2

    assert sys.modules["kapacitor"] is before
    assert kapacitor.udf.udf_pb2 is kapnb.compat.udf_pb2
    assert importlib.import_module("kapacitor.udf.agent").Agent is kapnb.compat.agent.Agent
    assert importlib.util.find_spec("kapacitor") is not None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("kapacitor.other")


def test_a_thread_answers_while_the_script_does_something_else(written):
    """start() returns at once, and wait() is not needed."""
    path = written(IMPORTS + HANDLER + MAIN.replace("agent.wait()", "print('on my way')"))
    process = subprocess.Popen(
        [*RUN, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    guard = threading.Timer(120, process.kill)
    guard.start()
    try:
        assert process.stderr.readline() == b"on my way\n"
        process.stdin.write(encode(InfoRequest()))
        process.stdin.flush()
        while (found := process.stdout.read(3)) == PULSE_FRAME:
            pass
        assert found == INFO
        _, stderr = process.communicate(timeout=120)
    finally:
        guard.cancel()
        process.kill()
        process.communicate()
    assert (stderr, process.returncode) == (b"", 0)


THREADS = "import threading\nprint(sorted(t.name for t in threading.enumerate()))\n"


@pytest.mark.parametrize(
    ("source", "porch"), [({"input": b""}, True), ({"stdin": subprocess.DEVNULL}, False)]
)
def test_signs_of_life_are_for_pipes(written, source, porch):
    """With /dev/null for stdin, as a server is started, they would stand in a journal."""
    path = written(THREADS + "import kapacitor")
    done = subprocess.run(
        [*RUN, str(path)], capture_output=True, check=False, timeout=120, **source
    )
    assert (b"kapnb-porch" in done.stderr) is porch, done.stderr


SLOW = HANDLER.replace(
    "    def point(self, point):\n",
    "    def point(self, point):\n        print('in'); os.read(GATE, 1)\n",
)


def stopped(path, *messages, words, opened):
    """Send SIGTERM once the process has said `words`; return answers, stderr, status."""
    gate_out, gate_in = os.pipe()
    process = subprocess.Popen(
        [*RUN, str(path), str(gate_out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[gate_out],
    )
    guard = threading.Timer(120, process.kill)
    guard.start()
    try:
        process.stdin.write(encode(*messages))
        process.stdin.flush()
        assert process.stderr.readline() == words
        process.send_signal(signal.SIGTERM)
        assert process.stderr.readline() == b"asked\n"
        if opened:
            os.write(gate_in, b".")
        process.wait(timeout=120)  # its stdin is open still
        out, stderr = process.communicate(timeout=120)
    finally:
        guard.cancel()
        process.kill()
        process.communicate()
        os.close(gate_in)
        os.close(gate_out)
    return responses(out), stderr.decode(), process.returncode


#: Says that SIGTERM was heeded; a call under way may be let go then.
ASKED = """
import os, signal, sys
from kapnb.compat import agent as compat
GATE = int(sys.argv[1])
asked = compat.Agent._request_stop
def ask(agent):
    asked(agent)
    os.write(2, b"asked\\n")
compat.Agent._request_stop = ask
"""
HURRY = "from kapnb.agent import _start\n_start.EXIT_GRACE_S = 0.05\n"
PATIENT = "from kapnb.agent import _start\n_start.EXIT_GRACE_S = 3600.0\n"


def test_sigterm_lets_the_call_under_way_finish(written):
    """What it wrote goes out, what came behind it is not begun, the script ends as it would."""
    path = written(ASKED + PATIENT + IMPORTS + SLOW + MAIN + "print('the end')\n")
    found, stderr, status = stopped(
        path, InitRequest(), cpu(time=1), cpu(time=2), words=b"in\n", opened=True
    )
    points = [answer for answer in found if isinstance(answer, Point)]
    assert [answer.time for answer in points] == [1]
    assert (stderr, status) == ("the end\n", 0)


def test_sigterm_ends_a_call_that_does_not_return(written):
    """When the grace time is over."""
    path = written(ASKED + HURRY + IMPORTS + SLOW + MAIN)
    _, _, status = stopped(path, InitRequest(), cpu(), words=b"in\n", opened=False)
    assert status == 0


def test_sigterm_between_start_and_the_first_request_is_heeded(written):
    """While the script still does something else."""
    started = MAIN.replace("agent.wait()", "print('started'); agent.wait()")
    path = written(ASKED + PATIENT + IMPORTS + HANDLER + started)
    assert stopped(path, words=b"started\n", opened=False) == ([], "", 0)


@pytest.mark.parametrize("wait", ["agent.wait()", ""], ids=["waiting", "at the end"])
def test_sigterm_is_heeded_whichever_thread_it_comes_to(written, wait):
    """It does not end the main thread's wait then, nor if it comes just before the wait."""
    deaf = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); print('started')\n"
    path = written(ASKED + PATIENT + IMPORTS + HANDLER + MAIN.replace("agent.wait()", deaf + wait))
    assert stopped(path, words=b"started\n", opened=False) == ([], "", 0)


def test_a_sigterm_handler_of_the_script_stays(written):
    """Whether it was set before the start or comes after it."""
    # Not print: it may come in the midst of another one, which Python does not allow.
    own = "signal.signal(signal.SIGTERM, lambda *_: (os.write(2, b'asked\\n'), os._exit(7)))\n"
    path = written(ASKED + IMPORTS + HANDLER + own + MAIN.replace("agent.w", "print(1);agent.w"))
    _, _, status = stopped(path, words=b"1\n", opened=False)
    assert status == 7


def test_the_module_says_how_it_is_used():
    """Status 2, as for every wrong use."""
    found, stderr, status = start(MODULE)
    assert (found, status) == ([], 2)
    assert stderr.startswith("usage: python -m kapnb.compat SCRIPT")


def test_an_old_script_may_be_simulated_from_the_command_line(script, written):
    """It is imported, not started, and its Handler is found."""
    data = written("time,temperature\n1,20.0\n2,30.0\n", "data.csv")
    done = subprocess.run(
        [sys.executable, "-m", "kapnb", "simulate", script("classifier"), "--data", data],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.count(b'"anomaly_status": 1.0') == 1


def test_a_script_of_two_old_handlers_is_no_target_of_a_simulation(written):
    """Both are named; a script that is run starts the one it likes."""
    path = written(IMPORTS + HANDLER + HANDLER.replace("Old", "Older"))
    done = subprocess.run(
        [sys.executable, "-m", "kapnb", "simulate", path, "--data", path],
        capture_output=True,
        check=False,
    )
    assert b"must hold one Handler of the official API; found: Old, Older" in done.stderr
    assert done.returncode == 1
