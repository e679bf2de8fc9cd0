"""A Supervisor between Kapacitor's bytes and Agents in memory that die at any moment.

Nothing here waits: time is a number, and what happens next is drawn. Bytes move in pieces of
any size; what a killed Agent had not read or written is lost, as in a pipe.
"""

from __future__ import annotations

from harness import exact
from kapnb.agent import Agent
from kapnb.model import (
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import Connection, ProtobufCodec, Role
from kapnb.supervise import Limits, Supervisor

_CODEC = ProtobufCodec(deterministic=True)
#: Limits that random kills do not reach.
PATIENT = {
    "max_stuck": 10**6,
    "max_restarts": 10**6,
    "same_input": 10**6,
    "busy_limit_s": 1e9,
}


def requests(*messages):
    """Return the bytes that Kapacitor sends."""
    connection = Connection(Role.KAPACITOR)
    return b"".join(connection.send(message) for message in messages)


def responses(data, messages):
    """Return what Kapacitor makes of `data` after it has sent `messages`, keepalives left out."""
    connection = Connection(Role.KAPACITOR, codec=_CODEC)
    for message in messages:
        connection.send(message)
    if data:
        connection.receive_data(data)
    return [event for event in connection.events() if not isinstance(event, KeepaliveResponse)]


def uninterrupted(handler, messages):
    """Return what one Agent answers to `messages`."""
    agent = Agent(handler())
    out = agent.feed(requests(*messages)) + agent.feed(b"")
    return responses(out, messages)


class Process:
    """An Agent as a process: what it has written waits until somebody reads it."""

    def __init__(self, handler):
        self.agent = Agent(handler())
        self.written = bytearray()
        self.closed = False

    def read(self, data):
        self.written += self.agent.feed(data)
        self.closed |= not data

    @property
    def status(self):
        """The exit status if it is about to exit, else None."""
        session = self.agent.session
        if session.error is not None:
            return 0 if session.refused else 1
        return 0 if self.closed else None


class World:
    """A Supervisor, Kapacitor's bytes and the process of the moment.

    Parameters
    ----------
    handler : Handler class or callable
        What a process runs.
    messages : list
        What Kapacitor sends before it closes its side.
    limits : mapping, optional
        Of the Supervisor.
    """

    def __init__(self, handler, messages, **limits):
        self.handler, self.messages = handler, messages
        self.now = 0.0
        self.supervisor = Supervisor(Limits(**{**PATIENT, **limits}), self.now)
        self.to_agent = bytearray(requests(*messages))
        self.ended = False  # Kapacitor's side is closed
        self.out = bytearray()
        self.process = None
        self.kills = 0

    # ---------------------------------------------------------------- what can happen

    def start(self):
        self.process = Process(self.handler)
        self.supervisor.child_started(self.now)

    def give(self, size):
        """Let Kapacitor write up to `size` bytes, or close its side."""
        data = bytes(self.to_agent[:size])
        del self.to_agent[:size]
        self.ended |= not data
        self.supervisor.from_kapacitor(data, self.now)

    def work(self, size):
        """Let the process read up to `size` bytes and handle them."""
        data = bytes(self.supervisor.to_child[:size])
        del self.supervisor.to_child[:size]
        self.process.read(data)
        self.supervisor.tick(self.now)

    def listen(self, size):
        """Let the Supervisor read up to `size` bytes of the process."""
        data = bytes(self.process.written[:size])
        del self.process.written[:size]
        self.supervisor.from_child(data, self.now)

    def end(self, status):
        """Let the process be gone."""
        self.process = None
        self.supervisor.from_child(b"", self.now)
        self.supervisor.child_ended(status, self.now)

    def kill(self, status):
        self.kills += 1
        self.end(status)

    def deaths(self):
        """Return how a process may end now: on its own only if it has ever answered."""
        answered = responses(bytes(self.out), self.messages)
        return [-9, -11, 1, 0] if answered else [-9, -11]

    def wait(self):
        """Let time pass until something is due."""
        self.now = max(self.now, min(self.supervisor.deadline(), self.now + 1000))
        self.supervisor.tick(self.now)

    # ---------------------------------------------------------------- all of it

    def possible(self):
        """Return what can happen now, without kills and the passing of time."""
        supervisor, process = self.supervisor, self.process
        steps = []
        if supervisor.reads_kapacitor and not self.ended:
            steps.append("give")
        if process is None:
            return [*steps, "start"] if supervisor.starts_child(self.now) else steps
        if supervisor.kills_child:
            return ["bury"]
        if process.status is None and (supervisor.to_child or supervisor.closes_child):
            steps.append("work")
        if supervisor.reads_child and (process.written or process.status is not None):
            steps.append("listen")
        return steps

    def step(self, name, size):
        process = self.process
        if name == "give":
            self.give(size)
        elif name == "start":
            self.start()
        elif name == "bury":
            self.end(-9)
        elif name == "work":
            self.work(size)
        elif name == "listen" and process.written:
            self.listen(size)
        elif name == "listen":
            self.end(process.status)
        elif name == "kill":
            deaths = self.deaths()
            self.kill(deaths[size % len(deaths)])
        else:
            self.wait()
        self.out += self.supervisor.to_kapacitor
        self.supervisor.to_kapacitor.clear()

    def run(self, rng=None, kills=0, piece=1 << 20):
        """Let things happen in any order until the Supervisor ends; return the answers.

        Parameters
        ----------
        rng : random.Random, optional
            Chooses what happens; without it everything happens in its turn.
        kills : int
            How often the process is killed, at the most.
        piece : int
            Size of the largest piece of bytes.
        """
        for _ in range(200_000):
            if self.supervisor.exit_status is not None:
                return responses(bytes(self.out), self.messages)
            steps = self.possible()
            if rng is None:
                self.step(steps[0] if steps else "wait", piece)
                continue
            if self.process is not None and self.kills < kills and rng.random() < 0.1:
                steps = ["kill"]
            elif not steps or rng.random() < 0.05:
                steps = ["wait"]
            self.step(rng.choice(steps), rng.randint(1, piece))
        raise AssertionError(f"no end in sight; {self.possible()}")


def same(answers, expected):
    """Compare answers, with types, and without what the order of map entries changes."""
    return [exact(answer) for answer in answers] == [exact(answer) for answer in expected]


def opening(*more):
    """Return how a task starts."""
    return [InitRequest((), "task", "node1"), *more]


class Rig:
    """A Supervisor, with Kapacitor and the Handler process played by hand.

    Everything is delivered at once; `now` passes only when it is told to.
    """

    def __init__(self, **limits):
        self.now = 0.0
        self.supervisor = Supervisor(Limits(**limits), self.now)
        self.kapacitor = Connection(Role.KAPACITOR, codec=_CODEC)
        self.agent = None  # the process's end
        self.beats = 0  # signs of life that Kapacitor got
        self.closed = False

    def started(self):
        """Go through init, with a process that answers; return self."""
        self.start()
        self.ask(*opening())
        assert self.given() == opening()
        assert self.answer(InitResponse()) == [InitResponse()]
        return self

    # ------------------------------------------------------------------- Kapacitor

    def ask(self, *messages):
        """Send requests; return what Kapacitor gets at once."""
        data = b"".join(self.kapacitor.send(message) for message in messages)
        self.supervisor.from_kapacitor(data, self.now)
        return self.got()

    def close(self):
        """Close Kapacitor's side."""
        self.closed = True
        self.supervisor.from_kapacitor(b"", self.now)
        return self.got()

    def got(self):
        """Return what has come for Kapacitor, without signs of life."""
        data = bytes(self.supervisor.to_kapacitor)
        self.supervisor.to_kapacitor.clear()
        if data:
            self.kapacitor.receive_data(data)
        events = list(self.kapacitor.events())
        kept = [event for event in events if not isinstance(event, KeepaliveResponse)]
        self.beats += len(events) - len(kept)
        return kept

    # ------------------------------------------------------------- the Handler process

    def start(self):
        """Start a process, which must be wanted."""
        assert self.supervisor.starts_child(self.now)
        self.agent = Connection(Role.AGENT, codec=_CODEC)
        self.pings = []
        self.supervisor.child_started(self.now)
        return self

    def given(self):
        """Return what the process is given, without pings; those are kept."""
        data = bytes(self.supervisor.to_child)
        self.supervisor.to_child.clear()
        if data:
            self.agent.receive_data(data)
        events = list(self.agent.events())
        self.pings += [event.time for event in events if isinstance(event, KeepaliveRequest)]
        self.supervisor.tick(self.now)
        return [event for event in events if not isinstance(event, KeepaliveRequest)]

    def answer(self, *messages):
        """Let the process answer; return what comes of it for Kapacitor."""
        data = b"".join(self.agent.send(message) for message in messages)
        self.supervisor.from_child(data, self.now)
        return self.got()

    def mirror(self):
        """Let the process answer all it is given with itself; return what comes of it."""
        answers = []
        while (messages := self.given()) or self.pings:
            for message in messages:
                if isinstance(message, InitRequest):
                    answers += self.answer(InitResponse())
                elif isinstance(message, SnapshotRequest):
                    answers += self.answer(SnapshotResponse(b"state"))
                else:
                    answers += self.answer(message)
            answers += self.pong()
        return answers

    def pong(self):
        """Let the process answer all pings."""
        pings, self.pings = self.pings, []
        return self.answer(*map(KeepaliveResponse, pings))

    def end(self, status):
        """Let the process be gone; return what Kapacitor gets."""
        self.supervisor.from_child(b"", self.now)
        self.supervisor.child_ended(status, self.now)
        return self.got()

    def crash(self, status=-9):
        """End the process and start the next one at once; return what that is given."""
        assert self.end(status) == []
        self.now = max(self.now, self.supervisor.deadline())
        self.start()
        return self.given()

    # -------------------------------------------------------------------------- time

    def wait(self, seconds):
        """Let time pass, with ticks when they are due; return what Kapacitor gets."""
        until, got = self.now + seconds, []
        while self.supervisor.deadline() <= until:
            self.now = max(self.now, self.supervisor.deadline())
            self.supervisor.tick(self.now)
            got += self.got()
            if self.supervisor.deadline() <= self.now:
                break  # somebody else must act
        self.now = until
        self.supervisor.tick(self.now)
        return got + self.got()
