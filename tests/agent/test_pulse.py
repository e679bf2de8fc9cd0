"""The pulse: by a clock that the test sets, one look at a time."""

import asyncio
import threading

import pytest

from harness import BatchMirror, Mirror, cpu
from kapnb.agent import EXIT_BROKEN_PIPE, EXIT_HUNG, EXIT_OK, Agent
from kapnb.agent._pulse import BEAT_S, BUSY_LIMIT_S, Pulse, busy_limit
from kapnb.handler import Handler
from kapnb.model import BeginBatch, EndBatch, InitRequest, Point
from kapnb.protocol import ProtobufCodec, split_frames
from processes import TIMEOUT_S

CODEC = ProtobufCodec(deterministic=True)
PULSE_FRAME = bytes.fromhex("021a00")


class Watched:
    """Something that is busy with what the test says."""

    def __init__(self):
        self.silent_since = 0.0
        self.mark = 1
        self.beats = 0
        self.hung_for = None
        self.gone = False

    def progress(self):
        return self.mark

    def beat(self):
        if self.gone:
            raise BrokenPipeError(32, "Broken pipe")
        self.beats += 1

    def hung(self, seconds):
        self.hung_for = seconds


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def watched():
    return Watched()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def look(watched, clock):
    """Let the pulse look once, at a time."""
    pulse = Pulse(watched, limit_s=10.0, clock=clock)

    def look(now):
        clock.now = now
        pulse.tick()
        return watched.beats, watched.hung_for

    return look


def test_a_sign_of_life_is_sent_when_there_was_none_for_a_while(watched, look):
    """And not before: a busy agent that answers needs none."""
    assert look(BEAT_S / 2) == (0, None)
    assert look(BEAT_S) == (1, None)
    watched.silent_since = BEAT_S
    assert look(1.5 * BEAT_S) == (1, None)
    assert look(2 * BEAT_S) == (2, None)


def test_nothing_is_sent_while_there_is_nothing_to_do(watched, look):
    """Kapacitor's own requests are answered then, and it kills nobody who answers."""
    watched.mark = None

    assert look(1.0) == (0, None)
    assert look(1000.0) == (0, None)


def test_one_piece_of_work_beyond_the_limit_is_hung(look):
    """From the first look at it; a little less is not."""
    look(1.0)

    assert look(10.9)[1] is None
    assert look(11.0)[1] == 10.0


def test_progress_starts_the_watch_anew(watched, look):
    """Many short calls make no long one."""
    for at in range(100):
        watched.mark = at
        assert look(9.0 * at)[1] is None

    assert look(9.0 * 99 + 10.0)[1] == 10.0


def test_rest_starts_the_watch_anew(watched, look):
    """Even if the next work is of the same number."""
    look(0.0)
    watched.mark = None
    look(9.0)
    watched.mark = 1
    look(9.5)

    assert look(19.0)[1] is None
    assert look(19.5)[1] == 10.0


def test_no_sign_of_life_goes_with_the_end(watched, look):
    """Kapacitor must not think that all is well."""
    look(0.0)

    assert look(10.0) == (0, 10.0)


def test_the_watch_goes_on_when_the_peer_is_gone(watched, look):
    """Without signs of life; a call that hangs must still end."""
    watched.gone = True
    look(1.0)
    watched.gone = False  # a pipe that is broken does not heal

    assert look(2.0) == (0, None)
    assert look(11.0) == (0, 10.0)


def test_each_look_may_do_something_else_too(watched, clock):
    """Counters are logged so, busy or not."""
    calls = []
    watched.mark = None
    pulse = Pulse(watched, clock=clock, each_tick=lambda: calls.append(clock.now))

    for clock.now in (1.0, 2.0):
        pulse.tick()

    assert calls == [1.0, 2.0]


def test_the_thread_looks_until_it_is_stopped(watched):
    """And then is no more."""
    ticked = threading.Event()
    pulse = Pulse(watched, each_tick=ticked.set)

    pulse.start()
    assert ticked.wait(TIMEOUT_S)
    pulse.stop()

    assert not pulse._thread.is_alive()
    pulse.stop()


def test_the_thread_looks_no_more_when_it_has_given_up(watched):
    """Once is enough; and it may stop itself."""
    clock = Clock()
    pulse = Pulse(watched, limit_s=1.0, clock=clock)
    times = []

    def hung(seconds):
        times.append(seconds)
        pulse.stop()

    watched.hung = hung
    watched.progress = lambda: setattr(clock, "now", clock.now + 1.0) or 1
    pulse.start()
    pulse._thread.join(TIMEOUT_S)

    assert not pulse._thread.is_alive()
    assert times == [1.0]


def test_a_pulse_that_never_started_can_be_stopped(watched):
    """An agent may fail before."""
    Pulse(watched).stop()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 7.0), ("0.5", 0.5), ("1e3", 1000.0), (" 3 ", 3.0), ("inf", float("inf"))],
)
def test_the_limit_may_be_set_in_the_environment(text, seconds):
    """For all Handlers of a host; else it is the Handler's."""
    assert busy_limit({"KAPNB_BUSY_LIMIT": text}, 7.0) == seconds
    assert busy_limit({}, 7.0) == 7.0
    assert busy_limit({}) == BUSY_LIMIT_S


@pytest.mark.parametrize("text", ["0", "-1", "nan", "soon", "1m", "-inf"])
def test_a_limit_that_makes_no_sense_is_refused(text):
    """With the name of the variable and what it should be."""
    with pytest.raises(ValueError, match=f"KAPNB_BUSY_LIMIT is '{text}'; it must be a number"):
        busy_limit({"KAPNB_BUSY_LIMIT": text})


# -------------------------------------------------------------------------- an agent's pulse


def frames(*messages, in_batch=False):
    return b"".join(CODEC.encode_request(message, in_batch=in_batch) for message in messages)


def count(data):
    return len(list(split_frames(data)))


class Stream:
    """A byte stream that gives what it was given; what is written is kept."""

    def __init__(self, *pieces):
        self.pieces = [*pieces, b""]
        self.writes = []
        self.error = None

    def read(self, timeout_s=None):
        piece = self.pieces.pop(0)
        return piece() if callable(piece) else piece

    def write(self, data):
        if self.error is not None:
            raise self.error
        self.writes.append(data)

    def wake(self):
        """Nobody waits."""


def watching(monkeypatch):
    """Return a list into which agents' pulses are put; no thread runs."""
    pulses = []
    monkeypatch.setattr(Pulse, "start", lambda self: pulses.append(self))
    monkeypatch.setattr(Pulse, "stop", lambda self: None)
    return pulses


def test_an_idle_agent_shows_no_progress():
    """There is nothing that could hang."""
    agent = Agent(Mirror())
    seen = []
    stream = Stream(
        lambda: seen.append(agent.progress()),
        frames(InitRequest()),
        lambda: seen.append(agent.progress()),
    )

    agent.run(stream)

    assert seen == [None, None]


def test_each_point_and_each_waking_is_progress():
    """A thread may emit for hours while nothing comes in."""
    seen = []

    class Looking(Handler):
        def point(self, point):
            seen.append(agent.progress())

    agent = Agent(Looking())
    send, marks = agent.session.flush_emitted, []
    agent.session.flush_emitted = lambda: marks.append(agent.progress()) or send()

    agent.run(Stream(frames(InitRequest(), cpu(), cpu()), None, None, None))

    assert len(set(seen)) == 2
    assert len(set(marks)) == len(marks) == 5
    assert None not in [*seen, *marks]


def test_waiting_for_a_peer_that_does_not_read_is_no_work():
    """Kapacitor may be slow; that is not the Handler's fault."""
    agent = Agent(Mirror())
    seen = []
    stream = Stream(frames(InitRequest()))
    stream.write = lambda data: seen.append(agent.progress())

    agent.run(stream)

    assert seen == [None]


def test_a_beat_writes_what_is_finished_or_else_a_sign_of_life(monkeypatch):
    """Finished work does not wait behind slow work."""
    clock = Clock()
    (stream,) = streams = [Stream()]

    class Slow(Handler):
        def point(self, point):
            if point.time == 2:
                clock.now += 1.0
                pulses[0].tick()
                clock.now += 1.0
                pulses[0].tick()
            return point

    pulses = watching(monkeypatch)
    stream.pieces[:0] = [frames(InitRequest(), *(cpu(time=time) for time in (1, 2, 3)))]

    assert Agent(Slow(), clock=clock).run(streams[0]) == EXIT_OK

    first, second, *others = stream.writes
    assert count(first) == 2
    assert second == PULSE_FRAME
    assert sum(map(count, others)) == 2


def test_a_beat_never_meets_half_a_batch(monkeypatch):
    """It goes out as a unit when its end is there."""
    clock = Clock()
    stream = Stream()

    class Slow(Handler):
        wants = provides = BatchMirror.wants

        def point(self, point):
            clock.now += 1.0
            pulses[0].tick()
            return point

    pulses = watching(monkeypatch)
    points = frames(Point({"x": 1.0}, time=1), Point({"x": 2.0}, time=2), in_batch=True)
    stream.pieces[:0] = [
        frames(InitRequest()),
        frames(BeginBatch(size=2)) + points + frames(EndBatch()),
    ]

    Agent(Slow(), clock=clock).run(stream)

    assert [count(write) for write in stream.writes] == [1, 1, 1, 4]
    assert stream.writes[1:3] == [PULSE_FRAME] * 2


def test_a_beat_does_not_wait_for_a_write(monkeypatch):
    """Somebody is writing: that is sign enough."""
    agent = Agent(Mirror())
    stream = Stream(frames(InitRequest()))
    written = []

    def write(data):
        agent.beat()
        written.append(data)

    stream.write = write

    agent.run(stream)

    assert len(written) == 1


HUNG = "Hanging has not returned for 60 s, at line "


@pytest.fixture
def hanging(monkeypatch):
    """Return an agent in whose second point the limit passes, its stream, and what it saw."""
    clock, stream, ended = Clock(), Stream(), []

    class Hanging(Handler):
        def point(self, point):
            if point.time == 2:
                pulses[0].tick()
                clock.now += 60.0
                pulses[0].tick()
            return point

    pulses = watching(monkeypatch)
    agent = Agent(Hanging(), clock=clock)
    agent.on_hung = lambda: ended.append(1)
    stream.pieces[:0] = [
        frames(InitRequest(), *(cpu(time=time) for time in (1, 2, 3))),
        frames(cpu()),
    ]
    return agent, stream, ended


def test_a_hung_call_is_the_tasks_error(hanging, caplog):
    """What was finished goes out before it, nothing after it, and run ends if it can."""
    agent, stream, ended = hanging

    assert agent.run(stream) == EXIT_HUNG

    assert ended == [1]
    (data,) = stream.writes
    *_, error = [CODEC.decode_response(body) for body in split_frames(data)]
    assert count(data) == 3
    assert error.error.startswith(HUNG)
    assert "of test_pulse.py: pulses[0].tick(); if it needs that long" in error.error
    assert caplog.messages == [error.error]
    assert stream.pieces == [frames(cpu()), b""]


def test_a_hung_call_ends_although_the_peer_is_gone(hanging, caplog):
    """Its owner must end it all the same; the log has the text."""
    agent, stream, ended = hanging
    stream.error = BrokenPipeError(32, "Broken pipe")

    agent.run(stream)

    assert ended == [1]
    assert caplog.messages[0].startswith(HUNG)


async def elsewhere():
    """Wait for what never comes."""
    await asyncio.Event().wait()


class Waiting(Handler):
    async def point(self, point):
        await elsewhere()


class Spinning(Handler):
    async def point(self, point):
        self.begun.set() or self.over.wait()


@pytest.mark.parametrize(
    ("handler", "line"),
    [(Waiting, "await asyncio.Event().wait()"), (Spinning, "self.begun.set() or self.over.wait()")],
    ids=["waits", "keeps the loop"],
)
def test_a_hung_coroutine_is_named_by_its_own_line(handler, line):
    """Not by the line of the script that waits for it."""
    stream, hangs = Stream(), handler()
    hangs.begun, hangs.over = threading.Event(), threading.Event()
    agent = Agent(hangs)
    agent._handle(frames(InitRequest(), cpu()), None)
    if handler is Waiting:
        agent.session._start_call(nothing()).result()  # comes behind it: now it waits
    else:
        assert hangs.begun.wait(60)
    agent._stream = stream

    agent.hung(60.0)
    hangs.over.set()
    agent.session.stop()

    (data,) = stream.writes
    *_, error = [CODEC.decode_response(body) for body in split_frames(data)]
    assert f"of test_pulse.py: {line}; if it needs that long" in error.error


async def nothing():
    """Return at once."""


def test_a_hung_callback_is_named_although_a_coroutine_waits():
    """What is not waited for keeps nobody."""
    agent = Agent(Waiting())
    agent._handle(frames(InitRequest(), cpu()), None)
    agent._thread_id = threading.get_ident()

    assert agent.session.where_calls_hang(agent._thread_id) == ""

    agent.session.stop()


def test_last_words_are_said_once(hanging):
    """Who gives up twice is heard once."""
    agent, stream, _ = hanging
    agent.run(stream)

    agent.give_up("again")

    assert len(stream.writes) == 1


def test_an_agent_without_a_stream_has_nobody_to_tell():
    """It is fed by hand."""
    Agent(Mirror()).give_up("why")
    Agent(Mirror()).beat()


def test_a_call_that_hangs_after_an_error_says_nothing_more(monkeypatch, caplog):
    """The first error is the one that Kapacitor keeps."""
    clock, stream = Clock(), Stream(frames(InitRequest(), cpu()))

    class Failing(Handler):
        def point(self, point):
            raise ValueError("boom")

        def stop(self):
            pulses[0].tick()
            clock.now += 60.0
            pulses[0].tick()

    pulses = watching(monkeypatch)
    agent = Agent(Failing(), clock=clock)

    assert agent.run(stream) == EXIT_HUNG
    assert sum(map(count, stream.writes)) == 2
    assert "Failing has not returned for 60 s" in caplog.text


def test_the_limit_is_the_handlers_unless_the_environment_has_one(monkeypatch):
    """The host's owner has the last word."""
    pulses = watching(monkeypatch)
    patient = type("Patient", (Handler,), {"busy_limit": 300.0})

    Agent(patient()).run(Stream())
    monkeypatch.setenv("KAPNB_BUSY_LIMIT", "5")
    Agent(patient()).run(Stream())

    assert [pulse._limit_s for pulse in pulses] == [300.0, 5.0]


def test_request_stop_ends_the_run_after_the_call_under_way():
    """What was read behind it is not begun; what is finished goes out."""
    seen = []

    class Stopping(Handler):
        def point(self, point):
            seen.append(point.time)
            if point.time == 2:
                agent.request_stop()
            return point

    agent = Agent(Stopping())
    stream = Stream(frames(InitRequest(), *(cpu(time=time) for time in range(5))))

    assert agent.run(stream) == EXIT_OK
    assert seen == [0, 1, 2]
    assert sum(map(count, stream.writes)) == 4


@pytest.mark.parametrize("ended", [True, False])
def test_an_answer_that_nobody_will_ever_read_is_given_up(ended):
    """Conformance case 39: only if the peer has ended its side, and not at once."""
    now, left = [0.0], []
    agent = Agent(Mirror(), clock=lambda: now[0])
    stream = agent._stream = Stream()
    stream.hung_up = lambda: ended
    agent.on_unread = lambda: left.append(now[0])
    agent._writing.acquire()  # a write is under way, and stays so

    for now[0] in range(8):
        agent._each_tick()

    assert left == ([5] if ended else [])
    agent._writing.release()
    now[0] = 20.0
    agent._each_tick()
    assert len(left) == ended


def test_a_peer_that_is_gone_when_the_pulse_writes_ends_the_agent(monkeypatch, caplog):
    """The pulse took the only answer there was; nothing else would ever meet the broken pipe."""
    watching(monkeypatch)
    woken = []

    class Slow(Handler):
        def point(self, point):
            if point.time == 2:
                stream.error = BrokenPipeError(32, "Broken pipe")
                with pytest.raises(BrokenPipeError):
                    agent.beat()
                return None
            return point if point.time == 1 else None

    stream = Stream(frames(InitRequest()), frames(cpu(time=1), cpu(time=2)), None, None)
    stream.wake = lambda: woken.append(True)
    agent = Agent(Slow(), clock=lambda: 0.0)

    assert agent.run(stream) == EXIT_BROKEN_PIPE
    assert woken == [True]
    assert caplog.text.count("the peer is gone") == 1
    assert stream.pieces == [None, None, b""]  # it was not read to its end
