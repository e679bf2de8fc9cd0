"""Agent.feed: the whole engine without I/O; Agent.run on a stream in memory."""

import pytest

from harness import BatchMirror, Mirror, Peer, cpu, started
from kapnb.agent import EXIT_BROKEN_PIPE, EXIT_FAILED, EXIT_OK, Agent
from kapnb.errors import RemoteProtocolError
from kapnb.handler import Handler
from kapnb.model import ErrorResponse, InitRequest, KeepaliveRequest, Point
from kapnb.protocol import Connection, ProtobufCodec, Role, split_frames

CODEC = ProtobufCodec(deterministic=True)


def frames(*messages):
    return b"".join(CODEC.encode_request(message, in_batch=False) for message in messages)


def count(data):
    return len(list(split_frames(data)))


class Memory:
    """A byte stream on lists: what is read, in pieces, and what was written, in writes."""

    def __init__(self, *pieces, broken=False):
        self.pieces = list(pieces)
        self.writes = []
        self.woken = 0
        self.broken = broken
        self.timeouts = []

    def read(self, timeout_s=None):
        self.timeouts.append(timeout_s)
        piece = self.pieces.pop(0)
        return piece() if callable(piece) else piece

    def write(self, data):
        if self.broken:
            raise BrokenPipeError(32, "Broken pipe")
        self.writes.append(data)

    def wake(self):
        self.woken += 1

    def answers(self):
        """Return what Kapacitor decodes of the writes."""
        connection = Connection(Role.KAPACITOR)
        connection.send(InitRequest())
        connection.receive_data(b"".join(self.writes))
        return list(connection.events())


class Failing(Handler):
    def point(self, point):
        raise ValueError("boom")


class Refusing(Handler):
    def init(self):
        raise ValueError("boom")


def test_many_frames_in_one_feed_are_answered_in_order():
    """Conformance case 2."""
    peer = Peer(Mirror)
    peer.connection.send(InitRequest())
    data = frames(InitRequest(), *(cpu(time=time) for time in range(50)))

    answers = peer._feed(data)

    assert [answer.time for answer in answers[1:]] == list(range(50))


def test_a_frame_cut_anywhere_is_handled_as_if_whole():
    """Conformance case 1."""
    data = frames(InitRequest(), cpu())
    whole = Agent(Mirror(), codec=CODEC).feed(data)

    for at in range(1, len(data)):
        agent = Agent(Mirror(), codec=CODEC)
        assert agent.feed(data[:at]) + agent.feed(data[at:]) == whole


def test_garbage_is_answered_with_an_error_that_names_its_place():
    """Conformance case 7."""
    peer = started(Mirror)

    (answer,) = peer._feed(b"\x02\x0a\xff")

    assert answer.error.startswith("the frame's body is not protobuf")
    assert answer.error.endswith("(frame at byte 16)")
    assert peer.agent.ended
    assert isinstance(peer.session.error, RemoteProtocolError)


def test_a_truncated_stream_is_an_error():
    """Conformance case 6: no call with half of the data."""
    peer = started(type("Never", (Handler,), {"point": lambda self, point: pytest.fail("called")}))
    peer._feed(frames(cpu())[:-1])

    (answer,) = peer.close()

    assert "the stream ended inside a frame's body" in answer.error


def test_a_point_before_init_is_an_error():
    """What comes out of order is the peer's fault, and it is told."""
    (answer,) = Peer(Mirror)._feed(frames(cpu()))

    assert answer == ErrorResponse("a point before init (frame at byte 0)")


def test_a_point_that_cannot_be_decoded_is_an_error_when_it_is_read():
    """Kapacitor's points are decoded on demand."""
    peer = started(
        type("Reading", (Handler,), {"point": lambda self, point: point.with_fields(x=point.time)})
    )

    (answer,) = peer._feed(b"\x04\x8a\x01\x01\xff")

    assert "a point could not be decoded" in answer.error


def test_a_frame_beyond_the_limit_is_an_error():
    """Conformance case 4."""
    agent = Agent(Mirror(), frame_size_max=10)

    assert b"larger than the limit of 10" in agent.feed(b"\x0b")


def test_the_end_is_noticed():
    """By the agent, without an answer."""
    agent = Agent(Mirror())
    assert not agent.ended

    assert agent.feed(b"") == b""
    assert agent.ended


# ------------------------------------------------------------------------------ Agent.run


def test_run_serves_until_the_end_and_flushes_before_it_waits():
    """Conformance case 29: one write for each read that had answers."""
    stream = Memory(frames(InitRequest(), cpu(), cpu()), frames(cpu()), frames(cpu())[:5], b"")
    stream.pieces[3:3] = [frames(cpu())[5:]]

    assert Agent(Mirror(), codec=CODEC).run(stream) == EXIT_OK
    assert [count(write) for write in stream.writes] == [3, 1, 1]
    assert stream.timeouts == [None] * 5


def test_run_ends_at_once_after_a_refusal():
    """Conformance case 16: Kapacitor forgets the process without closing its stdin."""
    stream = Memory(frames(InitRequest()))

    assert Agent(Refusing()).run(stream) == EXIT_OK
    assert stream.pieces == []
    assert b"boom" in stream.writes[0]


def test_run_drains_the_input_after_an_error():
    """Kapacitor's writer must not meet a broken pipe whose text would hide the error."""
    stream = Memory(frames(InitRequest(), cpu()), frames(cpu()), None, b"")

    assert Agent(Failing()).run(stream) == EXIT_FAILED
    assert stream.pieces == []
    assert stream.answers()[1].error.startswith("ValueError: boom")


def test_run_drains_for_a_limited_time():
    """A peer that never closes does not keep the process."""
    now = [0.0]

    def wait():
        now[0] += 2.0
        return

    stream = Memory(frames(InitRequest(), cpu()), *[wait] * 9)

    assert Agent(Failing(), clock=lambda: now[0]).run(stream) == EXIT_FAILED
    assert len(stream.pieces) == 6
    assert stream.timeouts == [None, 5.0, 3.0, 1.0]


@pytest.mark.parametrize("data", [b"\x02\x0a\xff", b"\x05abc"], ids=["garbage", "truncated"])
def test_run_fails_on_bytes_that_make_no_sense(data):
    """With an error frame, and without waiting for more."""
    stream = Memory(data, b"")

    assert Agent(Mirror()).run(stream) == EXIT_FAILED
    assert len(stream.writes) == 1


def test_run_leaves_when_the_peer_is_gone(caplog):
    """Conformance case 39: logged once, and stop is called."""
    stopped = []
    handler = type("Stopping", (Handler,), {"stop": lambda self: stopped.append(1)})

    assert Agent(handler()).run(Memory(frames(InitRequest()), broken=True)) == EXIT_BROKEN_PIPE
    assert stopped == [1]
    assert caplog.text.count("the peer is gone") == 1


def test_what_is_emitted_wakes_the_reader():
    """And goes out without further input."""
    handler = Mirror()

    def emit():
        handler.emit(Point({"x": 1}, time=9))
        return

    def check_and_end():
        assert [answer.time for answer in stream.answers()[2:]] == [9]
        return b""

    stream = Memory(frames(InitRequest(), cpu()), emit, check_and_end)

    assert Agent(handler).run(stream) == EXIT_OK
    assert stream.woken == 1
    assert len(stream.answers()) == 3
    assert len(stream.writes) == 2


def test_what_is_emitted_before_any_data_wakes_the_reader_for_nothing():
    """A restore may still come: it goes out at the end."""
    handler = Mirror()

    def emit():
        handler.emit(Point({"x": 1}, time=9))
        return

    def check_and_end():
        assert len(stream.answers()) == 1
        return b""

    stream = Memory(frames(InitRequest()), emit, check_and_end)

    assert Agent(handler).run(stream) == EXIT_OK
    assert stream.woken == 1
    assert [answer.time for answer in stream.answers()[1:]] == [9]


def test_a_keyboard_interrupt_ends_the_run_and_stops_the_handler():
    """Ctrl-C is the user's at the terminal, not a mistake in the Handler."""
    stopped = []

    def interrupt(self, point):
        raise KeyboardInterrupt

    body = {"point": interrupt, "stop": lambda self: stopped.append(1)}
    stream = Memory(frames(InitRequest()), frames(cpu()))

    with pytest.raises(KeyboardInterrupt):
        Agent(type("Interrupted", (Handler,), body)()).run(stream)

    assert stopped == [1]
    assert [type(answer).__name__ for answer in stream.answers()] == ["InitResponse"]


def test_what_is_emitted_goes_out_even_if_half_a_frame_comes_with_the_wake_up():
    """The wake-up is used up by the read that also brings bytes."""
    handler = Mirror()
    frame = frames(cpu())

    def emit_and_read():
        handler.emit(Point({"x": 1}, time=9))
        return frame[:5]

    def check_and_read():
        assert [answer.time for answer in stream.answers()[2:]] == [9]
        return frame[5:]

    stream = Memory(frames(InitRequest(), cpu()), emit_and_read, check_and_read, b"")

    assert Agent(handler).run(stream) == EXIT_OK
    assert len(stream.answers()) == 4


def test_much_output_is_written_on_the_way():
    """A read of many points does not gather all their answers in memory."""

    class Many(Handler):
        def point(self, point):
            yield Point({"text": "x" * 150_000})

    stream = Memory(frames(InitRequest(), *[cpu()] * 6), b"")

    assert Agent(Many(), clock=lambda: 0.0).run(stream) == EXIT_OK
    assert [len(write) // 150_000 for write in stream.writes] == [2, 2, 2]


def test_finished_work_does_not_wait_for_slow_work():
    """Once the first answer has waited five milliseconds, everything is written."""
    now = [0.0]

    class Slow(Handler):
        def point(self, point):
            now[0] += point.fields["value"]
            return point

    data = frames(InitRequest(), cpu(0.001), cpu(0.001), cpu(0.01), cpu(0.001))
    stream = Memory(data, b"")

    assert Agent(Slow(), clock=lambda: now[0]).run(stream) == EXIT_OK
    assert [count(write) for write in stream.writes] == [4, 1]


def test_an_answer_that_took_long_does_not_wait_for_the_next():
    """A Handler that takes a tenth of a second a point is not half as late as it need be."""
    now = [0.0]

    class Slow(Handler):
        def point(self, point):
            now[0] += 0.1
            return point

    stream = Memory(frames(InitRequest(), *[cpu(0.0)] * 3), b"")

    assert Agent(Slow(), clock=lambda: now[0]).run(stream) == EXIT_OK
    assert [count(write) for write in stream.writes] == [2, 1, 1]


def test_points_come_together_as_long_as_they_are_fast():
    """And one by one again as soon as they are not, so that no answer waits for many calls."""
    now = [0.0]

    class Growing(Handler):
        def point(self, point):
            now[0] += point.fields["value"]
            return point

    agent = Agent(Growing(), clock=lambda: now[0])
    together = []
    handle = agent._handle_event
    agent._handle_event = lambda event: (
        together.append(len(event) if type(event) is list else 0),
        handle(event),
    )
    fast, slow = [cpu(0.0)] * 40, [cpu(0.02)] * 40
    stream = Memory(frames(InitRequest(), *fast, *slow), b"")

    assert agent.run(stream) == EXIT_OK
    # The first of its size goes through the codec.
    assert together == [0, 0, 1, 2, 4, 8, 16, 32, 4, *[1] * 12, 0]
    assert len(stream.answers()) == 81


def test_a_stop_comes_between_two_points_that_came_together():
    """What stands behind the point under way is not begun."""
    seen = []

    class Stopping(Handler):
        def point(self, point):
            seen.append(point.time)
            if point.time == 20:
                agent.request_stop()
            return point

    agent = Agent(Stopping())
    stream = Memory(frames(InitRequest(), *(cpu(time=time) for time in range(60))))

    assert agent.run(stream) == EXIT_OK
    assert seen == list(range(21))
    assert len(stream.answers()) == 22


def test_what_is_emitted_goes_out_between_two_points_that_came_together():
    """Though nobody has looked at the clock in between."""

    class Emitting(Handler):
        def point(self, point):
            if point.time == 20:
                self.emit(Point({"x": 1}, time=-1))
            return point

    stream = Memory(frames(InitRequest(), *(cpu(time=time) for time in range(40))), b"")

    assert Agent(Emitting()).run(stream) == EXIT_OK
    times = [answer.time for answer in stream.answers()[1:]]
    assert times == [*range(21), -1, *range(21, 40)]


def test_each_of_the_points_that_came_together_is_progress():
    """A Handler that is slow but alive is not taken for one that hangs."""
    marks = []

    class Watched(Handler):
        def point(self, point):
            marks.append(agent.progress())

    agent = Agent(Watched())
    stream = Memory(frames(InitRequest(), *[cpu()] * 100), b"")

    assert agent.run(stream) == EXIT_OK
    assert marks == sorted(set(marks))
    assert len(marks) == 100


def test_an_error_in_one_of_the_points_that_came_together_ends_the_session():
    """What was given before goes out before it, and what stands behind is not begun."""

    class FailingLater(Handler):
        def point(self, point):
            yield point
            if point.time == 20:
                raise ValueError("boom")

    stream = Memory(frames(InitRequest(), *(cpu(time=time) for time in range(40))), b"")

    assert Agent(FailingLater()).run(stream) == EXIT_FAILED
    *points, error = stream.answers()[1:]
    assert [point.time for point in points] == list(range(21))
    assert isinstance(error, ErrorResponse)


def test_a_keepalive_in_the_middle_of_data_is_answered_in_its_place():
    """Answers keep the order of the requests."""
    answers = started(BatchMirror).feed(KeepaliveRequest(1), KeepaliveRequest(2))

    assert [answer.time for answer in answers] == [1, 2]


def test_the_bytes_of_a_session_do_not_depend_on_the_process():
    """With a deterministic codec two agents say the same bytes."""
    point = cpu().with_fields({f"f{i}": float(i) for i in range(20)})
    data = frames(InitRequest(), point)
    handler = type(
        "Changing", (Handler,), {"point": lambda self, point: point.with_fields(value=2)}
    )

    first, second = (Agent(handler(), codec=CODEC).feed(data) for _ in range(2))

    assert first == second
