"""The Unix socket server, on real sockets: each connection as Kapacitor makes it."""

import contextlib
import os
import random
import socket
import threading
from pathlib import Path

import pytest

from captures import answers, keepalives, read_session, requests, responses, sessions
from harness import BatchMirror, Mirror, cpu
from kapnb import Duration, Handler, Option
from kapnb.agent import Server
from kapnb.errors import HandlerError, TargetError
from kapnb.model import (
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    SnapshotRequest,
)
from sockets import TIMEOUT_S, Client, serving


@pytest.fixture
def path(tmp_path):
    """Where the socket is to appear."""
    return tmp_path / "udf.sock"


class Counter(Handler):
    """Numbers the points of one task."""

    def init(self):
        self.count = 0

    def point(self, point):
        self.count += 1
        yield point.with_fields(count=self.count)


class Fragile(Counter):
    """Fails at a point that says so."""

    def point(self, point):
        if "fail" in point.fields:
            raise ValueError("as asked")
        yield from super().point(point)


# ------------------------------------------------------------------ connections


def test_info_is_answered_and_the_connection_closed_at_its_end(path):
    """What Kapacitor does at its start."""
    with serving(path, Mirror) as server:
        client = server.connect()

        assert client.ask(InfoRequest()) == [InfoResponse()]
        assert client.finish() == []


def test_several_connections_have_separate_state(path):
    """Conformance case 40: interleaved, each counts its own points."""
    with serving(path, Counter) as server:
        clients = [server.connect() for _ in range(3)]
        for client in clients:
            assert client.ask(InitRequest()) == [InitResponse()]

        for turn in range(1, 4):
            for client in clients[: turn + 1]:
                client.send(cpu())
        counts = [[answer.fields["count"] for answer in client.finish()] for client in clients]

    assert counts == [[1, 2, 3], [1, 2, 3], [1, 2]]


def test_half_close_is_answered_by_finishing_and_closing(path):
    """Conformance case 40: nothing that was sent before is lost."""
    with serving(path, Mirror) as server:
        client = server.connect()
        client.send(InitRequest(), *(cpu(time=at) for at in range(2000)))

        received = client.finish()

    assert [answer.time for answer in received[1:]] == list(range(2000))


def test_a_failing_handler_leaves_the_others_alone(path):
    """Conformance case 40: one task gets its error, the other goes on."""
    with serving(path, Fragile) as server:
        bad, good = server.connect(), server.connect()
        for client in (bad, good):
            client.ask(InitRequest())

        (error,) = bad.ask(cpu().with_fields(fail=True))
        bad.finish()
        (answer,) = good.ask(cpu())

        assert isinstance(error, ErrorResponse)
        assert "ValueError: as asked (in Fragile.point, line " in error.error
        assert answer.fields["count"] == 1
    assert any("connection 1: ValueError: as asked" in line for line in server.lines)


def test_garbage_leaves_the_others_alone(path):
    """An error frame for who sent it, nothing for who did not."""
    with serving(path, Counter) as server:
        bad, good = server.connect(), server.connect()
        good.ask(InitRequest())

        bad.socket.sendall(b"\xff" * 6)
        (error,) = bad.receive(1)
        bad.finish()

        assert "more than 5 bytes" in error.error
        assert good.ask(cpu())[0].fields["count"] == 1
    assert any(line.startswith("udf connection 1: ") and "5 bytes" in line for line in server.lines)


def test_a_peer_that_vanishes_leaves_the_others_alone(path):
    """Answers that nobody takes end one connection only."""
    with serving(path, Counter) as server:
        bad, good = server.connect(), server.connect()
        good.ask(InitRequest())

        bad.send(InitRequest(), *(cpu() for _ in range(10)))
        bad.close()

        assert good.ask(cpu())[0].fields["count"] == 1
        assert good.finish() == []
    assert not any("connection 2" in line and "peer is gone" in line for line in server.lines)


def test_threads_end_with_their_connections(path):
    """A hundred short connections leave nothing behind, neither threads nor descriptors."""
    with serving(path, Mirror) as server:
        server.connect().ask(InfoRequest())
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(100):
            client = Client(path)
            client.ask(InfoRequest())
            client.finish()
            client.close()
        # A connection that comes later is answered by a thread that starts later; what the
        # earlier ones hold is let go of before their peer sees the end, but for the wake-ups.
        for thread in threading.enumerate():
            if thread.name.startswith("kapnb connection") and not thread.name.endswith(" 1"):
                thread.join(TIMEOUT_S)
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert sum("kapnb connection" in thread.name for thread in threading.enumerate()) == 1


def test_keepalives_are_answered_while_another_connection_is_busy(path):
    """A Handler that works does not hold up who shares its server."""
    entered, go_on = threading.Event(), threading.Event()

    class Busy(Handler):
        def point(self, point):
            entered.set()
            go_on.wait(TIMEOUT_S)
            return point

    with serving(path, Busy) as server:
        busy, idle = server.connect(), server.connect()
        busy.send(InitRequest(), cpu())
        assert entered.wait(TIMEOUT_S)

        assert idle.ask(KeepaliveRequest(7)) == [KeepaliveResponse(7)]
        go_on.set()
        assert len(busy.finish()) == 2


def test_what_a_thread_emits_goes_out_without_input(path):
    """The reader of a socket is woken, too."""

    class Emitting(Handler):
        def point(self, point):
            copy = point.with_fields(late=True)
            threading.Thread(target=self.emit, args=(copy,)).start()

    with serving(path, Emitting) as server:
        client = server.connect()
        client.ask(InitRequest())

        (answer,) = client.ask(cpu())

    assert answer.fields["late"] is True


def test_a_constructor_that_fails_is_told(path):
    """As an error frame that names the line; the server goes on."""

    class Broken(Handler):
        def __init__(self):
            raise FileNotFoundError("model.pkl")

    with serving(path, Broken) as server:
        for _ in range(2):
            client = server.connect()
            client.send(InfoRequest())
            (answer,) = client.read_all()
            client.close()
            assert answer.error.startswith(
                "FileNotFoundError: model.pkl (in Broken.__init__, line "
            )


class OptionsMirror(Handler):
    """Takes the options of the captured TICKscripts."""

    s = Option(str, default="")
    i = Option(int, default=0)
    f = Option(float, default=0.0)
    b = Option(bool, default=False)
    d = Option(Duration, default=0)
    flag = Option()
    multi = Option(str, int, float, bool, Duration, default=None)
    rep = Option(str, many=True)


CAPTURED = [
    *((Mirror, name) for name in sessions("a", "r1_")),
    *((OptionsMirror, name) for name in sessions("b1_", "b2_")),
    *((BatchMirror, name) for name in sessions("c1_", "c3_", "c5_")),
]


@pytest.mark.parametrize(("handler", "session"), CAPTURED)
def test_a_captured_session_is_answered_as_captured(path, handler, session):
    """Cut at random positions, whatever the pieces."""
    sent, expected = read_session(session)
    rng = random.Random(len(sent))
    cuts = sorted(rng.sample(range(1, len(sent)), min(len(sent) - 1, 40)))
    with serving(path, handler) as server:
        client = server.connect()

        def write():
            for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
                client.socket.sendall(sent[start:end])
            client.socket.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=write)
        writer.start()
        received = b"".join(iter(lambda: client.socket.recv(65536), b""))
        writer.join(TIMEOUT_S)

    found = responses(received)
    assert answers(found) == answers(responses(expected))
    assert keepalives(found) == keepalives(requests(sent))


# ------------------------------------------------------------------------- stop


def test_stop_finishes_what_was_received_and_says_why(path):
    """Kapacitor is told, instead of finding a broken pipe at its next write."""
    stopped = []

    class Stopping(Mirror):
        def stop(self):
            stopped.append(True)

    with serving(path, Stopping) as server:
        client = server.connect()
        client.ask(InitRequest())
        client.send(*(cpu(time=at) for at in range(100)))

        server.stop()
        received = client.read_all()
        client.close()

    assert [answer.time for answer in received[:-1]] == list(range(100))
    assert received[-1].error.startswith(f"the UDF server at {path} was stopped")
    assert stopped == [True]
    assert not path.exists()


def test_stop_inside_a_frame_is_no_fault_of_the_peer(path):
    """The half of a point that was received is dropped, without a word about truncation."""
    with serving(path, Mirror) as server:
        client = server.connect()
        client.ask(InitRequest())
        client.socket.sendall(client.connection.send(cpu())[:-3])

        server.stop()
        (answer,) = client.read_all()
        client.close()

    assert "was stopped" in answer.error
    assert not any("inside a frame" in line for line in server.lines)


def test_stop_says_nothing_to_who_only_asked_for_info(path):
    """Such a connection is closed."""
    with serving(path, Mirror) as server:
        client = server.connect()
        client.ask(InfoRequest())

        server.stop()

        assert client.read_all() == []


def test_stop_does_not_wait_for_a_peer_that_reads_nothing(path, monkeypatch):
    """A writer that is blocked is cut off after the grace period."""
    monkeypatch.setattr("kapnb.agent._unix.CUT_OFF_S", TIMEOUT_S)  # a safety net here
    written = threading.Event()

    class Flood(Handler):
        def point(self, point):
            written.set()
            for _ in range(1000):
                yield point.with_fields(text="x" * 10_000)

    with serving(path, Flood, grace_s=0.05) as server:
        client = server.connect()
        client.send(InitRequest(), cpu())
        assert written.wait(TIMEOUT_S)
        server.stop()
    assert any("connection 1: the peer is gone" in line for line in server.lines)


def test_stop_does_not_wait_for_a_handler_that_hangs(path, monkeypatch):
    """Its thread cannot be ended; the log says which connection it was."""
    monkeypatch.setattr("kapnb.agent._unix.CUT_OFF_S", 0.05)
    entered, go_on = threading.Event(), threading.Event()

    class Hanging(Handler):
        def point(self, point):
            entered.set()
            go_on.wait(TIMEOUT_S)

    with serving(path, Hanging, grace_s=0.05) as server:
        client = server.connect()
        client.send(InitRequest(), cpu())
        assert entered.wait(TIMEOUT_S)
        server.stop()
    assert "udf connection 1: did not end: its Handler is still busy" in server.lines

    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "kapnb connection 1":
            thread.join(TIMEOUT_S)


def test_a_server_that_was_stopped_before_it_served_returns(path):
    """A signal may come at any moment."""
    server = Server(path, Mirror)
    server.stop()

    server.serve()

    assert not path.exists()


def test_a_server_refuses_to_serve_nothing(path):
    """Neither Handler nor accepter: a mistake of whoever wrote it."""
    with pytest.raises(TypeError, match="needs a Handler class, or an accepter"):
        Server(path, None)


# --------------------------------------------------------------------- the file


def stale_socket(path):
    """Leave a socket's file as a server does that was killed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
        dead.listen()


def mode_of(path):
    return path.stat().st_mode & 0o777


def test_a_stale_file_is_replaced(path):
    """Conformance case 40: what a killed server left does not stand in the way."""
    stale_socket(path)
    old = path.stat().st_ino

    with serving(path, Mirror) as server:
        assert path.stat().st_ino != old
        assert server.connect().ask(InfoRequest()) == [InfoResponse()]
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert not path.exists()


def test_a_running_server_is_not_replaced(path):
    """The second one says so and ends; the first goes on."""
    with serving(path, Mirror) as server:
        with pytest.raises(TargetError, match="in use by a running server"):
            Server(path, Mirror).open()

        assert server.connect().ask(InfoRequest()) == [InfoResponse()]


def test_a_running_server_with_a_full_backlog_is_not_replaced(path):
    """It answers nobody now, and lives."""
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        busy.bind(str(path))
        busy.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            waiting.setblocking(False)
            waiting.connect_ex(str(path))

        with pytest.raises(TargetError, match="in use by a running server"):
            Server(path, Mirror).open()


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_what_is_no_socket_is_never_touched(path, kind, tmp_path):
    """Not even a link that leads to a stale socket."""
    if kind == "file":
        path.write_text("precious")
    elif kind == "directory":
        path.mkdir()
    else:
        stale_socket(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    before = path.lstat()

    with pytest.raises(TargetError, match="is no socket; it is not touched"):
        Server(path, Mirror).open()

    assert path.lstat().st_ino == before.st_ino


def test_a_socket_of_another_kind_is_not_touched(path):
    """A datagram socket refuses a stream, but may be alive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))

        with pytest.raises(TargetError, match=r"cannot be told: .*wrong type"):
            Server(path, Mirror).open()

    assert path.is_socket()


def test_a_path_that_is_too_long_is_refused(tmp_path):
    """The kernel's limit, in words."""
    with pytest.raises(TargetError, match="may have 107 bytes"):
        Server(tmp_path / ("x" * 107), Mirror).open()


def test_a_missing_directory_is_named(tmp_path):
    """It is not made: its permissions are the administrator's affair."""
    with pytest.raises(TargetError, match=r"there is no directory .*/missing; make it first"):
        Server(tmp_path / "missing" / "udf.sock", Mirror).open()


@pytest.mark.parametrize("umask", [0o000, 0o077])
@pytest.mark.parametrize("mode", [None, 0o660])
def test_the_mode_of_the_file_is_the_one_asked_for(path, mode, umask):
    """0600 by default, whatever the umask."""
    before = os.umask(umask)
    try:
        with serving(path, Mirror, **({} if mode is None else {"mode": mode})):
            assert mode_of(path) == (0o600 if mode is None else mode)
    finally:
        os.umask(before)


def test_the_file_of_a_successor_is_left_in_place(path):
    """Somebody removed ours and put another there."""
    with serving(path, Mirror):
        path.unlink()
        stale_socket(path)
        successor = path.stat().st_ino

    assert path.stat().st_ino == successor


def test_a_file_that_is_gone_does_not_disturb_the_end(path):
    """An administrator tidied up."""
    with serving(path, Mirror) as server:
        path.unlink()

    assert not any("removed" in line for line in server.lines)


# -------------------------------------------------------------- shared resource


def test_the_shared_resource_is_built_once(path):
    """Before the first connection; every instance has it, already when it is made."""
    built = []

    class Sharing(Handler):
        @classmethod
        def build_shared(cls):
            built.append(cls)
            return object()

        def __init__(self):
            self.at_start = self.shared

        def snapshot(self):
            return f"{id(self.shared)} {id(self.at_start)}".encode()

    with serving(path, Sharing) as server:
        assert built == [Sharing]
        clients = [server.connect() for _ in range(3)]
        answered = [client.ask(InitRequest(), SnapshotRequest())[1] for client in clients]

    assert built == [Sharing]
    assert len({number for answer in answered for number in answer.snapshot.split()}) == 1


def test_a_shared_resource_that_cannot_be_built_stops_the_start(path):
    """With the user's own line; no file appears."""

    class Lost(Handler):
        @classmethod
        def build_shared(cls):
            raise FileNotFoundError("model.pkl")

    with pytest.raises(HandlerError, match=r"model\.pkl \(in Lost\.build_shared, line \d+ of test"):
        Server(path, Lost).open()

    assert not path.exists()


def test_a_path_that_is_taken_is_found_before_the_resource_is_built(path):
    """Nobody waits for a model to learn that the path is wrong."""
    built = []

    class Slow(Handler):
        @classmethod
        def build_shared(cls):
            built.append(True)

    path.write_text("precious")
    with pytest.raises(TargetError):
        Server(path, Slow).open()
    assert built == []


# ---------------------------------------------------------------------- accepter


def test_an_accepter_may_refuse(path):
    """By False, or by raising; the connection is closed and the log says why."""
    verdicts = iter([False, None, True])

    def accept(connection, address):
        return next(verdicts, 1)

    with serving(path, Mirror, accepter=accept) as server:
        assert server.connect().read_all() == []
        for _ in range(2):
            assert server.connect().ask(InfoRequest()) == [InfoResponse()]
        assert server.connect().read_all() == []
    assert "udf connection 1: refused: the accepter said no" in server.lines
    assert any("connection 4: refused: the accepter returned 1; it may" in x for x in server.lines)


def test_an_accepter_that_raises_refuses(path):
    """An exception in it is no reason to let somebody in."""

    class Accepter:
        def accept(self, connection, address):
            raise PermissionError("not you")

    with serving(path, Mirror, accepter=Accepter()) as server:
        assert server.connect().read_all() == []
    assert "udf connection 1: refused: PermissionError: not you" in server.lines


def test_an_accepter_may_tell_who_is_there(path):
    """The connection is the socket itself."""
    seen = []

    def accept(connection, address):
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        seen.append(int.from_bytes(credentials[:4], "little"))

    with serving(path, Mirror, accepter=accept) as server:
        server.connect().ask(InfoRequest())

    assert seen == [os.getpid()]


def test_an_accepter_may_supply_the_handler(path):
    """An instance of its own making, for this connection."""

    class Named(Handler):
        def __init__(self, name):
            self.name = name

        def point(self, point):
            yield point.with_tags(name=self.name)

    names = iter(["first", "second"])

    with serving(path, Mirror, accepter=lambda *_: Named(next(names))) as server:
        found = []
        for _ in range(2):
            client = server.connect()
            client.ask(InitRequest())
            found += [answer.tags["name"] for answer in client.ask(cpu())]

    assert found == ["first", "second"]


def test_an_accepter_may_take_the_connection_over(path):
    """Without a Handler class, as old scripts do; stop reaches it as the end of input."""
    received = []

    class Accepter:
        def accept(self, connection, address):
            with connection:
                while data := connection.recv(100):
                    received.append(data)
                    connection.sendall(data)

    with serving(path, None, accepter=Accepter()) as server:
        client = server.connect()
        client.socket.sendall(b"echo")
        assert client.socket.recv(100) == b"echo"
        server.stop()
        assert client.socket.recv(100) == b""
    assert received == [b"echo"]
