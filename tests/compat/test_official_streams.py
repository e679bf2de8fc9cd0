"""An official Agent on whatever a script gives it, and its Server on a Unix socket."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from captures import answers, captured, responses
from harness import cpu
from kapnb.agent._pulse import PULSE_FRAME
from kapnb.compat.agent import Agent, Server
from kapnb.errors import HandlerError
from kapnb.model import InitRequest
from kapnb.protocol import ProtobufCodec, split_frames

RUN = [sys.executable, "-m", "kapnb", "run"]
SENT = captured("a1_stream_mirror_groupby_host", "in")
EXPECTED = answers(responses(captured("a1_stream_mirror_groupby_host", "out")))
TIMEOUT_S = 120  # a safety net; nothing here waits for time to pass


class Kept(io.BytesIO):
    """A file whose content is there after its close."""

    def close(self):
        self.content = self.getvalue()
        super().close()


class Bare:
    """The least a script may give: read and write."""

    def __init__(self, data):
        self._data, self.written, self.closed = io.BytesIO(data), b"", False

    def read(self, size):
        return self._data.read(size)

    def write(self, data):
        self.written += bytes(data[:5])  # raw files may take less than they are given
        return len(data[:5])

    def close(self):
        self.closed = True


class Talker:
    """Like a socket, but without a descriptor."""

    def __init__(self, data):
        self._data, self.written = io.BytesIO(data), b""

    def recv(self, size):
        return self._data.read(size)

    def sendall(self, data):
        self.written += bytes(data)


def serve(load, source, sink):
    """Run the mirror on two ends, to their end."""
    agent = Agent(source, sink)
    agent.handler = load("mirror").MirrorHandler(agent)
    agent.start()
    agent.wait()
    return agent


def received(connection):
    """Return all that comes until the peer closes."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def test_files_in_memory(load):
    """They are closed at the end, as the official Agent does."""
    sink = Kept()
    serve(load, io.BytesIO(SENT), sink)
    assert answers(responses(sink.content)) == EXPECTED


def test_objects_with_read_and_write_alone(load):
    """Even if write takes a part only."""
    ends = Bare(SENT)
    serve(load, ends, ends)
    assert answers(responses(ends.written)) == EXPECTED
    assert ends.closed


def test_objects_with_recv_and_sendall(load):
    """Such as a socket that TLS is around."""
    ends = Talker(SENT)
    serve(load, ends, ends)
    assert answers(responses(ends.written)) == EXPECTED


@pytest.mark.parametrize("kind", ["socket", "file", "raw file"])
def test_a_socket_or_a_file_of_it(load, kind):
    """The official Server gives files, other scripts the socket itself."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0.001)  # a script's own; between points there is no limit
    end = {
        "socket": lambda: ours,
        "file": lambda: ours.makefile("rwb"),
        "raw file": lambda: ours.makefile("rwb", buffering=0),
    }[kind]()
    if kind == "file":
        ours.settimeout(None)
    theirs.settimeout(TIMEOUT_S)
    thread = threading.Thread(target=serve, args=(load, end, end))
    thread.start()
    theirs.sendall(SENT)
    theirs.shutdown(socket.SHUT_WR)
    if end is not ours:  # a file keeps its socket open
        ours.close()
    found = received(theirs)
    thread.join(TIMEOUT_S)
    theirs.close()
    assert answers(responses(found)) == EXPECTED


def test_no_descriptor_is_left_open(load):
    """A server has many connections in its life."""

    def connection():
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.shutdown(socket.SHUT_WR)
            serve(load, ours, ours)
            assert ours.fileno() == -1

    connection()
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        connection()
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_an_agent_is_started_once_and_with_a_handler(load):
    """The official one fails at the first request, or serves twice."""
    with pytest.raises(HandlerError, match="before a handler was set"):
        Agent(io.BytesIO(), Kept()).start()
    agent = serve(load, io.BytesIO(), Kept())
    with pytest.raises(HandlerError, match="make a new Agent"):
        agent.start()


def test_making_an_agent_touches_no_stream(monkeypatch):
    """In a kernel of Jupyter, say, whose stdout has no buffer."""
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    agent = Agent()
    agent.wait()
    assert sys.stdout.getvalue() == ""


# ----------------------------------------------------------------------------- Server


@contextmanager
def served(script, path, name="socket_mirror", **settings):
    """Run the socket script; yield its process once it listens."""
    process = subprocess.Popen(
        [*RUN, str(script(name)), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has SIGINT ignored, which is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **{"stdin": subprocess.DEVNULL, **settings},
    )
    guard = threading.Timer(TIMEOUT_S, process.kill)
    guard.start()
    try:
        assert "listening on" in process.stderr.readline()
        yield process
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


def connect(path):
    """Connect as soon as the script listens: it prints before."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_S)
    while True:
        try:
            connection.connect(str(path))
        except ConnectionRefusedError:
            continue
        return connection


def ask(connection, data=bytes.fromhex("020a00")):
    """Send requests and return the first answer's body."""
    connection.sendall(data)
    while (found := connection.recv(3)) == PULSE_FRAME:
        pass
    return next(split_frames(found))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_serves_several_connections_until_a_signal(script, tmp_path, number):
    """Each with its own handler; one that fails leaves the others alone; the file is removed."""
    path = tmp_path / "udf.sock"
    with served(script, path) as process:
        first = connect(path)
        assert ask(first) == bytes.fromhex("0a00")
        with connect(path) as second:  # the accepter fails with it
            assert received(second) == b""
        third = connect(path)
        third.sendall(SENT)
        third.shutdown(socket.SHUT_WR)  # Kapacitor closes so
        assert answers(responses(received(third))) == EXPECTED
        assert ask(first) == bytes.fromhex("0a00")

        process.send_signal(number)
        assert received(first) == b""
        _, stderr = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 0
    assert "the second connection fails" in stderr
    assert stderr.endswith("served\n")
    assert not path.exists()
    first.close()
    third.close()


PLAIN = """
import sys, threading
from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler, Server

class Stuck(Handler):
    busy_limit = 1.0
    def __init__(self, agent):
        self._agent = agent
    def info(self):
        return udf_pb2.Response(info={"wants": udf_pb2.STREAM})
    def init(self, request):
        return udf_pb2.Response(init={"success": True})
    def point(self, point):
        threading.Event().wait()

class Accepter:
    def accept(self, conn, addr):
        print(sorted(thread.name for thread in threading.enumerate()))
        agent = Agent(conn, conn)
        agent.handler = Stuck(agent)
        agent.start()
        agent.wait()

server = Server(sys.argv[1], Accepter())
print("listening on", sys.argv[1])
server.serve()
"""


def test_a_server_is_not_taken_for_a_script_that_does_not_start(tmp_path):
    """Though its stdin is a pipe: no signs of life on its stdout.

    A call that hangs ends its own connection, and no other.
    """
    path = tmp_path / "udf.sock"
    (tmp_path / "plain.py").write_text(PLAIN)
    with served(
        lambda name: tmp_path / f"{name}.py",
        path,
        name="plain",
        stdin=subprocess.PIPE,
    ) as process:
        first, second = connect(path), connect(path)
        assert ask(first) == ask(second) == bytes.fromhex("0a00")
        for _ in range(2):
            assert "kapnb-porch" not in process.stderr.readline()
        codec = ProtobufCodec()
        for message in (InitRequest(), cpu()):
            second.sendall(codec.encode_request(message, in_batch=False))
        *_, last = responses(received(second))
        assert "threading.Event().wait()" in last.error
        assert ask(first) == bytes.fromhex("0a00")
        first.close()
        second.close()


class Refuser:
    """Closes every connection at once."""

    def accept(self, conn, addr):
        conn.close()


def test_a_stale_socket_is_replaced_and_nothing_else(tmp_path):
    """A crashed server leaves its file behind, and the official Server fails at it."""
    path = tmp_path / "udf.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()

    server = Server(str(path), Refuser())
    thread = threading.Thread(target=server.serve)
    thread.start()
    with connect(path) as connection:
        assert connection.recv(1) == b""
    with pytest.raises(OSError, match="in use by a running server"):
        Server(str(path), Refuser())
    server.stop()
    server.stop()
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert not path.exists()

    path.write_text("precious")
    with pytest.raises(OSError, match="no socket"):
        Server(str(path), Refuser())
    assert path.read_text() == "precious"


def test_a_server_that_never_served_may_be_stopped(tmp_path):
    """And removes its file, but not that of a successor."""
    path = tmp_path / "udf.sock"
    first = Server(str(path), Refuser())
    path.rename(tmp_path / "moved")
    second = Server(str(path), Refuser())
    first.stop()
    assert path.exists()
    second.stop()
    assert not path.exists()
