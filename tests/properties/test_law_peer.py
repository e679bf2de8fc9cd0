"""Law 3, peer: whatever a Session sends, Connection(KAPACITOR) accepts.

`Peer` feeds every byte of the agent to a Connection of the role KAPACITOR, which raises on
whatever would crash kapacitord, make it hang, or silently lose data.
"""

import asyncio
import logging

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import Peer
from kapnb.handler import Handler
from kapnb.model import (
    BATCH,
    Batch,
    BeginBatch,
    EdgeType,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveResponse,
    Point,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
    ValueType,
)
from kapnb.protocol import State
from strategies import batches, conversations, edges, points

PARTS = ("begin_batch", "point", "end_batch")


@pytest.fixture(autouse=True)
def quiet():
    """Keep the thousands of errors that these tests provoke out of the log."""
    logging.getLogger("kapnb").setLevel(logging.CRITICAL + 1)
    yield
    logging.getLogger("kapnb").setLevel(logging.NOTSET)


class Broken(Exception):
    """An exception that cannot even say what it is."""

    def __str__(self):
        raise ValueError("no text")


def _raise(error):
    raise error


def _mutate(argument):
    """Change an input in every way that is open to a Handler, and give it back."""
    if isinstance(argument, Point):
        argument.fields["new"] = "\N{SNOWMAN}"
        argument.tags["host"] = "moved"
        argument.time += argument.time < 0
        argument.name, argument.by_name = "other", True
        argument.dimensions = ("host", "new")
    elif isinstance(argument, Batch):
        argument.points.reverse()
        argument.tags["host"] = "moved"
    elif isinstance(argument, (BeginBatch, EndBatch)):
        argument.tags["host"] = "moved"
        return None
    return argument


def _loose(argument):
    return Point({"x": 1.0})


def _unset(argument):
    return Batch([Point({"x": 1.0}), Point({"y": 2}, time=3)])


def _emit_twice(handler):
    def act(argument):
        handler.emit(Point({"x": 1}, time=0))
        handler.emit(Batch([Point({"x": 1})], tmax=0))

    return act


def _yield_and_raise(argument):
    yield Point({"x": 1.0}, time=1)
    yield Batch([Point({"x": 1.0}, time=1)], tmax=1)
    raise ValueError("midway")


def _yield_and_leave(argument):
    yield Point({"x": 1.0}, time=1)
    raise GeneratorExit


def _frame():
    return pd.DataFrame({"x": [1.5, 2.5], "s": ["a", None]}, pd.to_datetime([1, 2], utc=True))


_KEPT = Point({"x": 1})
_KEPT_BATCH = Batch([_KEPT])


def _half_a_batch(argument):
    yield Point({"x": 1.0}, time=1)
    raise KeyError("midway")


def _bad_point_inside(argument):
    yield Batch([Point({"x": 1.0}, time=1), Point({"x": "\ud800"}, time=1)], tmax=1)


#: What a data method may do, right or wrong, by name.
ACTS = {
    "nothing": lambda argument: None,
    "echo": lambda argument: argument if isinstance(argument, (Point, Batch)) else None,
    "twice": lambda argument: [argument, argument] if isinstance(argument, Point) else None,
    "mutate": _mutate,
    "loose point": _loose,
    "incomplete batch": _unset,
    "empty batch": lambda argument: Batch([], tmax=0),
    "complete batch": lambda argument: Batch([Point({"x": 1})], name="n", tags={"a": "b"}, tmax=1),
    "both": lambda argument: [Point({"x": 1}, time=0), Batch([], tmax=0)],
    "junk": lambda argument: [object()],
    "junk, not iterable": lambda argument: 5,
    "text": lambda argument: "text",
    "none inside": lambda argument: [None],
    "bytes": lambda argument: b"",
    "the begin itself": lambda argument: [BeginBatch("x", size=-1), EndBatch("x")],
    "a response": lambda argument: [ErrorResponse("mine"), KeepaliveResponse(1)],
    "raise": lambda argument: _raise(ValueError("boom")),
    "raise surrogates": lambda argument: _raise(ValueError("file \udcff")),
    "raise without text": lambda argument: _raise(Broken),
    "leave": lambda argument: _raise(SystemExit(0)),
    "cancel": lambda argument: _raise(asyncio.CancelledError()),
    "leave midway": _yield_and_leave,
    "raise midway": _yield_and_raise,
    "raise inside a batch": _half_a_batch,
    "surrogate in a field": lambda argument: Point({"x": "\ud800"}, time=0),
    "surrogate in a tag": lambda argument: Point({"x": 1}, time=0, tags={"\ud800": "x"}),
    "surrogate in a name": lambda argument: Point({"x": 1}, time=0, name="\ud800"),
    "surrogate inside a batch": _bad_point_inside,
    "name that is no text": lambda argument: Point({"x": 1}, time=0, name=5),
    "database that is no text": lambda argument: Point({"x": 1}, time=0, database=5),
    "a frame": lambda argument: _frame(),
    "frames inside": lambda argument: [_frame(), Point({"x": 1}, time=0), _frame()],
    "kept point": lambda argument: _KEPT,
    "kept batch": lambda argument: [_KEPT_BATCH, _KEPT_BATCH],
    "junk inside a batch": lambda argument: Batch([object()], tmax=0),
    "no fields": lambda argument: Point({}, time=0),
    "not a number": lambda argument: Point({"x": float("nan"), "y": float("-inf")}, time=0),
}
#: What the management methods may do instead of their duty.
MANAGEMENT = {
    "nothing": lambda: None,
    "junk": object,
    "text": lambda: "text",
    "bytes": lambda: b"bytes",
    "raise": lambda: _raise(ValueError("boom")),
    "raise surrogates": lambda: _raise(ValueError("file \udcff")),
    "raise without text": lambda: _raise(Broken),
    "leave": lambda: _raise(SystemExit(0)),
    "cancel": lambda: _raise(asyncio.CancelledError()),
    "close": lambda: _raise(GeneratorExit()),
    "refuse init": lambda: InitResponse(False, "no"),
    "refuse init with surrogates": lambda: InitResponse(False, "\udcff"),
    "accept init": InitResponse,
    "refuse restore": lambda: RestoreResponse(False, "no"),
    "accept restore": RestoreResponse,
    "snapshot": lambda: SnapshotResponse(b"state"),
    "snapshot of text": lambda: SnapshotResponse("state"),
    "info": lambda: InfoResponse(options={"x": (ValueType.INT,)}),
    "info of junk": lambda: InfoResponse("STREAM", 5, {"x": ["INT"]}),
    "request": InfoRequest,
    "init request": InitRequest,
    "error": lambda: ErrorResponse("mine"),
    "keepalive": KeepaliveResponse,
}


@st.composite
def misbehaving(draw):
    """Draw a Handler with any edges, any shape and any behaviour, call by call."""
    wants = draw(edges)
    whole = draw(st.sampled_from([None, None, "batch", "frame"])) if wants is BATCH else None
    body = {"wants": wants, "provides": draw(edges)}
    body["restore_policy"] = draw(st.sampled_from(["fresh", "strict"]))
    body |= {name: _data_method(draw(_acts)) for name in PARTS}
    for name in draw(st.sets(st.sampled_from(["info", "init", "snapshot", "restore", "stop"]))):
        body[name] = _management_method(draw(st.sampled_from([*sorted(MANAGEMENT), "emit"])))
    handler = type("Misbehaving", (Handler,), body)
    # In a class of its own: beside the parts it would be refused.
    return type("Whole", (handler,), {whole: _data_method(draw(_acts))}) if whole else handler


_acts = st.lists(st.sampled_from(sorted(ACTS)), max_size=3)


def _data_method(acts):
    def method(self, argument, state):
        count = state["calls"] = state.get("calls", -1) + 1
        if not acts:
            return _emit_twice(self)(argument)
        return ACTS[acts[count % len(acts)]](argument)

    return method


def _management_method(act):
    if act == "emit":
        return lambda self, *arguments: self.emit(Point({"x": 1}, time=0))
    return lambda self, *arguments: MANAGEMENT[act]()


def feed_held(peer, messages):
    """Feed `messages`; no data may be answered until no restore can come any more."""
    answers, begun = [], False
    for message in messages:
        given = peer.feed(message)
        begun = begun or isinstance(message, (Point, BeginBatch, SnapshotRequest))
        assert begun or not any(isinstance(answer, (Point, BeginBatch)) for answer in given)
        answers += given
    return answers


@pytest.mark.parametrize("strict", [True, False], ids=["edges known", "edges unknown"])
@given(data=st.data(), handler=misbehaving())
def test_no_handler_makes_a_session_send_what_kapacitor_forbids(strict, data, handler):
    """Whatever user code does, Kapacitor gets whole frames in order, or an error frame."""
    peer = Peer(handler, strict=strict)

    answers = feed_held(peer, data.draw(conversations(handler.wants)))
    answers += peer.close()

    assert peer.connection.their_state is not State.BATCH
    if any(isinstance(answer, ErrorResponse) for answer in answers):
        assert isinstance(answers[-1], ErrorResponse)


@pytest.mark.parametrize("act", sorted(ACTS))
@pytest.mark.parametrize("provides", EdgeType, ids=repr)
@pytest.mark.parametrize("wants", EdgeType, ids=repr)
def test_every_act_on_every_edge_is_borne(wants, provides, act):
    """Each act once in each place, whatever the dice say."""
    for place in ("point", "batch", "frame") if wants is BATCH else ("point",):
        body = {"wants": wants, "provides": provides, place: _data_method([act])}
        peer = Peer(type("Acting", (Handler,), body))
        item = Point({"v": 1.0}, time=5, name="cpu", tags={"host": "a"}, dimensions=["host"])
        inside = [BeginBatch("cpu", "host=a", {"host": "a"}), item, EndBatch("cpu", "host=a", 9)]

        peer.feed(InitRequest(), *(inside if wants is BATCH else [item]))
        peer.close()

        assert peer.connection.their_state in (State.READY, State.FAILED)


@given(data=st.data(), edge=edges)
def test_what_is_emitted_never_breaks_a_batch(data, edge):
    """Emission between any two pieces of input goes out between batches, never inside one."""
    handler = type("Emitting", (Handler,), {"wants": BATCH, "provides": edge})()
    peer = Peer(handler)
    item = points() if edge is EdgeType.STREAM else batches()

    def messages():
        for message in data.draw(conversations(BATCH)):
            if data.draw(st.booleans()):
                handler.emit(data.draw(item))
            yield message

    feed_held(peer, messages())
    peer.close()

    assert peer.session.error is None
    assert peer.connection.their_state in (State.START, State.READY)
