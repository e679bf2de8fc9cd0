"""`kapnb run TARGET --socket PATH` as a process, from its start to the signal that ends it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys

import pytest

from captures import answers, responses
from fronts import is_alive
from harness import cpu
from kapnb.model import InfoRequest, InfoResponse, InitRequest, InitResponse
from sockets import TIMEOUT_S, Client

HANDLER = """\
from kapnb import Handler

print("importing")


class Numbered(Handler):
    @classmethod
    def build_shared(cls):
        print("building")
        return ["model"]

    def init(self):
        self.count = 0

    def point(self, point):
        self.count += 1
        yield point.with_fields(count=self.count, model=self.shared[0])

    def stop(self):
        print("stopped")
"""


class Daemon:
    """The process, and what a service manager does with it."""

    def __init__(self, folder, *arguments, handler=HANDLER):
        (folder / "udf.py").write_text(handler)
        self.path = folder / "udf.sock"
        self._clients = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kapnb", "run", "udf.py", "--socket", "udf.sock", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def connect(self):
        """Connect as soon as it listens, as Kapacitor does: it tries again and again."""
        while True:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                self._clients.append(Client(self.path))
                return self._clients[-1]
            select.select([self.process.stderr], [], [], 0.02)  # it may say why not
            assert self.process.poll() is None, self.process.communicate()

    def end(self, number):
        """Send a signal; return status, stdout and stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode, out.decode(), err.decode()

    def clean_up(self):
        """Leave nothing behind, whatever the test did."""
        for client in self._clients:
            client.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def daemon(tmp_path):
    """Give a function that starts the process; it is killed at the end."""
    started = []

    def start(*arguments, **settings):
        started.append(Daemon(tmp_path, *arguments, **settings))
        return started[-1]

    yield start
    for each in started:
        each.clean_up()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0_and_without_a_trace(daemon, number):
    """Conformance case 40: the file is gone; the task is told. A second signal is no harm."""
    server = daemon()
    client = server.connect()
    assert client.ask(InitRequest()) == [InitResponse()]
    (answer,) = client.ask(cpu())
    assert answer.fields["model"] == "model"

    server.process.send_signal(number)
    (farewell,) = client.read_all()
    client.close()
    status, out, err = server.end(number)

    assert "was stopped" in farewell.error
    assert status == 0
    assert "ERROR" not in err
    assert "Traceback" not in err
    assert out == "importing\nbuilding\nstopped\n"
    assert not server.path.exists()


#: Signals come to another thread than the one that heeds them.
DEAF = """\
import signal
import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_whichever_thread_it_comes_to(daemon, number):
    """It does not end a wait for connections then, nor if it comes just before the wait."""
    server = daemon(handler=DEAF + HANDLER)
    assert server.connect().ask(InitRequest()) == [InitResponse()]

    assert server.end(number)[0] == 0


def test_a_server_that_was_killed_can_be_started_again(daemon):
    """Its file is stale; the new one answers."""
    first = daemon()
    first.connect().close()
    first.end(signal.SIGKILL)
    assert first.path.exists()

    second = daemon()
    client = second.connect()
    assert len(client.ask(InfoRequest())) == 1
    client.close()
    assert second.end(signal.SIGTERM)[0] == 0


def test_a_second_server_at_the_same_path_fails(daemon, kapnb):
    """In one sentence, with status 1."""
    first = daemon()
    first.connect().close()

    done = kapnb("run", "udf.py", "--socket", "udf.sock")

    assert done.returncode == 1
    assert done.stderr.decode() == (
        "kapnb: udf.sock is in use by a running server; stop that one or choose another path\n"
    )


def test_the_mode_is_octal(daemon, kapnb):
    """As `chmod` has it; anything else is wrong usage."""
    server = daemon("--mode", "0660")
    server.connect().close()
    assert server.path.stat().st_mode & 0o777 == 0o660

    for wrong in ("rw", "0888", "7777777"):
        done = kapnb("run", "udf.py", "--socket", "other.sock", "--mode", wrong)
        assert done.returncode == 2
        assert "is no octal mode such as 0660" in done.stderr.decode()


def test_a_resource_that_cannot_be_built_is_a_start_up_error(kapnb, tmp_path):
    """Status 1, the user's line, no file."""
    script = tmp_path / "udf.py"
    script.write_text(
        "from kapnb import Handler\n\n\nclass Lost(Handler):\n    @classmethod\n"
        "    def build_shared(cls):\n        open('model.pkl')\n"
    )

    done = kapnb("run", script, "--socket", "udf.sock")

    assert done.returncode == 1
    assert "(in Lost.build_shared, line 7 of udf.py: open('model.pkl'))" in done.stderr.decode()
    assert not (tmp_path / "udf.sock").exists()


def test_on_stdio_the_resource_is_built_at_init(kapnb, tmp_path):
    """Info is answered without it; a failure is a refused init."""
    script = tmp_path / "udf.py"
    script.write_text(HANDLER)

    info = kapnb("run", script, input=bytes.fromhex("020a00"))
    init = kapnb("run", script, input=bytes.fromhex("021200"))

    assert answers(responses(info.stdout)) == [InfoResponse()]
    assert answers(responses(init.stdout)) == [InitResponse()]
    assert "building" not in info.stderr.decode()
    assert init.stderr.decode() == "importing\nbuilding\nstopped\n"


COUNTING = """\
import os

from kapnb import Handler

with open("pids", "a") as pids:
    pids.write(f"{os.getpid()}\\n")


class Counting(Handler):
    def point(self, point, state):
        state["n"] = state.get("n", 0) + 1
        yield point.with_fields(n=state["n"])
"""


def handler_pids(folder):
    """Return the processes that have imported the Handler, in their order."""
    return [int(line) for line in (folder / "pids").read_text().split()]


def test_connections_may_be_supervised(daemon, tmp_path):
    """A killed Handler process is one connection's, and even that one does not see it."""
    server = daemon("--supervise", handler=COUNTING)
    clients = []
    for _ in range(2):
        client = server.connect()
        assert client.ask(InitRequest()) == [InitResponse()]
        assert [point.fields["n"] for point in client.ask(cpu(time=1))] == [1]
        clients.append(client)

    os.kill(handler_pids(tmp_path)[0], signal.SIGKILL)

    for client in clients:
        assert [point.fields["n"] for point in client.ask(cpu(time=2))] == [2]
        assert client.finish() == []
        client.close()
    status, _, err = server.end(signal.SIGTERM)
    assert status == 0
    assert len(handler_pids(tmp_path)) == 3
    assert "kapnb connection 1: the Handler process ended: signal SIGKILL" in err


def test_the_end_of_a_supervised_server_is_told_to_its_tasks(daemon, tmp_path):
    """And no Handler process is left."""
    server = daemon("--supervise", handler=COUNTING)
    client = server.connect()
    assert client.ask(InitRequest()) == [InitResponse()]
    assert len(client.ask(cpu(time=1))) == 1

    server.process.send_signal(signal.SIGTERM)
    (farewell,) = client.read_all()
    client.close()
    status, _, err = server.end(signal.SIGTERM)

    assert "was stopped" in farewell.error
    assert status == 0
    assert "Traceback" not in err
    assert not server.path.exists()
    assert not any(map(is_alive, handler_pids(tmp_path)))


def test_a_supervised_peer_that_is_gone_is_no_harm(daemon):
    """It closes with answers unread, which a socket makes an error of."""
    server = daemon("--supervise", handler=COUNTING)
    client = server.connect()
    client.send(InitRequest(), *[cpu(time=number) for number in range(1000)])
    client.receive(1)
    client.close()

    client = server.connect()
    assert client.ask(InitRequest()) == [InitResponse()]
    client.close()
    status, _, err = server.end(signal.SIGTERM)
    assert status == 0
    assert "Traceback" not in err
