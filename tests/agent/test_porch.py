"""The porch: what is answered while the script is imported, on real pipes, in this process."""

import contextlib
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import cpu
from kapnb.agent import FdStream
from kapnb.agent._porch import Porch, info_frame
from kapnb.errors import HandlerError
from kapnb.model import (
    EdgeType,
    InfoRequest,
    InfoResponse,
    InitRequest,
    KeepaliveRequest,
    KeepaliveResponse,
    ValueType,
)
from kapnb.protocol import ProtobufCodec, split_frames
from processes import PULSE, TIMEOUT_S

CODEC = ProtobufCodec(deterministic=True)
INFO = info_frame("STREAM", "BATCH", {"field": ["STRING"]})


def frames(*messages):
    return b"".join(CODEC.encode_request(message, in_batch=False) for message in messages)


class House:
    """A porch, and Kapacitor at its door."""

    def __init__(self, info):
        agent_in, self._to = os.pipe()
        self._from, agent_out = os.pipe()
        self._fds = {agent_in, agent_out, self._to, self._from}
        self.stream = FdStream(agent_in, agent_out)
        self._kapacitor = FdStream(self._from, self._to)
        self.heard, self.hung = [], []
        self.has_hung, self.left = threading.Event(), threading.Event()
        self.porch = Porch(self.stream, info, on_hung=self._hung, leave=self.left.set)

    def _hung(self, text):
        self.hung.append(text)
        self.has_hung.set()

    def say(self, data):
        self._kapacitor.write(data)

    def hear(self, count):
        """Return the next `count` responses without signs of life."""
        while len(self.heard) < count:
            self.hear_all()
        heard, self.heard = self.heard, []
        return heard

    def hear_all(self):
        """Return the responses of one read; others than signs of life are kept, too."""
        data = self._kapacitor.read(TIMEOUT_S)
        assert data, "nothing came"
        # A write of so little is one write, so frames arrive whole.
        events = [CODEC.decode_response(body) for body in split_frames(data)]
        self.heard += [event for event in events if event != PULSE]
        return events

    def await_looks(self):
        """Wait until the porch has looked at its input once more."""
        seen = 0
        while seen < 2:
            seen += self.hear_all().count(PULSE)

    def close(self, fd):
        os.close(fd)
        self._fds.discard(fd)

    def close_input(self):
        self.close(self._to)

    def close_output(self):
        self.close(self._from)

    def remainder(self, size):
        """Close the porch and return `size` bytes that are left for the agent."""
        self.porch.close()
        data = b""
        while len(data) < size:
            piece = self.stream.read(TIMEOUT_S)
            assert piece
            data += piece
        return data

    def demolish(self):
        self.porch.close()
        for fd in (*self._fds, self.stream._wake_read, self.stream._wake_write):
            os.close(fd)
        for fd in (self._kapacitor._wake_read, self._kapacitor._wake_write):
            os.close(fd)


@pytest.fixture
def build():
    """Build a porch; all ends with the test."""
    with contextlib.ExitStack() as stack:

        def build(info=INFO):
            house = House(info)
            stack.callback(house.demolish)
            return house

        yield build


# ---------------------------------------------------------------------------- the info frame


@given(
    wants=st.sampled_from(EdgeType),
    provides=st.sampled_from(EdgeType),
    options=st.dictionaries(
        st.text(max_size=200).filter(lambda text: text.isprintable()),
        st.lists(st.sampled_from(ValueType), max_size=140).map(tuple),
        max_size=5,
    ),
)
def test_the_frame_written_by_hand_is_what_protobuf_reads(wants, provides, options):
    """Lengths of two bytes, flags, zeros included."""
    names = {name: [kind.name for kind in kinds] for name, kinds in options.items()}

    frame = info_frame(wants.name, provides.name, names)

    (body,) = split_frames(frame)
    assert CODEC.decode_response(body) == InfoResponse(wants, provides, options)


def test_a_handler_without_anything_has_the_shortest_frame():
    """Byte for byte what the agent says."""
    assert info_frame("STREAM", "STREAM", {}).hex() == "020a00"


@pytest.mark.parametrize(
    ("declared", "word"),
    [
        (("POINTS", "STREAM", {}), "POINTS"),
        (("STREAM", "", {}), "''"),
        (("STREAM", "STREAM", {"a": ["FLOAT"]}), "FLOAT"),
        (("STREAM", "STREAM", {"a": "INT"}), "I"),
    ],
)
def test_a_name_that_is_none_of_the_protocols_is_refused(declared, word):
    """It is quoted."""
    with pytest.raises(HandlerError, match=f"{word}.* is no edge type or option type"):
        info_frame(*declared)


# ---------------------------------------------------------------------------- at the door


def test_info_and_keepalives_are_answered(build):
    """In order, with the time that was asked for."""
    house = build()

    house.say(frames(KeepaliveRequest(7), InfoRequest(), KeepaliveRequest(2**60)))

    assert house.hear(3) == [
        KeepaliveResponse(7),
        InfoResponse(EdgeType.STREAM, EdgeType.BATCH, {"field": (ValueType.STRING,)}),
        KeepaliveResponse(2**60),
    ]
    assert house.porch.answered
    assert house.remainder(0) == b""


def test_signs_of_life_come_unasked(build):
    """With or without a declaration."""
    for house in (build(), build(None)):
        assert house.hear_all() == [PULSE]
        assert not house.porch.answered


def test_without_a_declaration_nothing_is_read(build):
    """The agent will answer."""
    house = build(None)
    data = frames(InfoRequest(), KeepaliveRequest(7))
    house.say(data)
    house.hear_all()

    assert house.remainder(len(data)) == data


@pytest.mark.parametrize(
    "later",
    [
        frames(InitRequest(task_id="x" * 200)),
        frames(InitRequest()),
        frames(cpu()),
        b"\x00\x00",
        b"\x00",
        b"\x05\x0a",
        b"\xff\xff\xff\xff\xff\xff",
        b"\x02",
        frames(InitRequest(), KeepaliveRequest(8), cpu())[:-1],
        b"\x81\x00" + frames(InfoRequest()),
    ],
    ids=[
        "large init",
        "init",
        "point",
        "empty frames",
        "zero",
        "half",
        "garbage",
        "length",
        "cut",
        "long length",
    ],
)
def test_what_is_not_for_the_porch_is_left_for_the_agent(build, later):
    """Byte for byte, whatever it is, with what comes behind it."""
    house = build()
    house.say(frames(InfoRequest()) + later)
    house.hear(1)
    house.say(b"the rest")

    assert house.remainder(len(later) + 8) == later + b"the rest"


def test_what_was_read_comes_before_what_was_not(build):
    """Also if it was given back twice."""
    house = build()
    house.porch.close()
    house.say(b"c")
    house.stream.unread(b"b")
    house.stream.unread(b"a")

    assert house.stream.read(TIMEOUT_S) == b"ab"
    assert house.stream.read(TIMEOUT_S) == b"c"


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_request_may_come_in_pieces(build, cut):
    """Kapacitor writes length and body apart."""
    house = build()
    data = frames(KeepaliveRequest(1), InfoRequest(), KeepaliveRequest(300))

    house.say(data[:cut])
    house.await_looks()
    house.say(data[cut:])

    answers = house.hear(3)
    assert [type(answer) for answer in answers] == [
        KeepaliveResponse,
        InfoResponse,
        KeepaliveResponse,
    ]
    assert (answers[0].time, answers[2].time) == (1, 300)


def test_the_end_after_info_is_reason_to_leave(build):
    """A daemon that starts wants no more."""
    house = build()
    house.say(frames(InfoRequest()))
    house.hear(1)
    house.close_input()

    assert house.left.wait(TIMEOUT_S)


@pytest.mark.parametrize(
    "said", [b"", frames(KeepaliveRequest(1)), frames(InfoRequest()) + b"\x05\x0a"]
)
def test_the_end_of_anything_else_is_left_for_the_agent(build, said):
    """It has stop() to call, or half a frame to complain of."""
    house = build()
    house.say(said)
    house.close_input()
    house.await_looks()

    house.porch.close()

    assert not house.left.is_set()
    if said.endswith(b"\x0a"):
        assert house.stream.read(TIMEOUT_S) == b"\x05\x0a"
    assert house.stream.read(TIMEOUT_S) == b""


def test_a_reader_that_is_gone_ends_nothing(build):
    """The agent will meet it; what was read meanwhile is kept."""
    house = build()
    house.close_output()
    data = frames(InfoRequest())
    house.say(data)

    assert house.remainder(len(data)) == data


def test_closing_is_prompt_and_may_be_repeated(build):
    """The import is over: not a beat longer."""
    house = build()

    house.porch.close()
    house.porch.close()

    assert not house.porch._thread.is_alive()


@pytest.mark.parametrize("peer", ["listens", "is gone"])
def test_an_import_that_hangs_is_reported_with_its_line(build, monkeypatch, peer):
    """Whether or not somebody is there to be told."""
    monkeypatch.setenv("KAPNB_BUSY_LIMIT", "1e-9")
    house = build(None)
    if peer == "is gone":
        house.close_output()

    waited = house.has_hung.wait(TIMEOUT_S)  # here it hangs

    assert waited
    (text,) = house.hung
    assert text.startswith("the script has not started for 0 s, at line ")
    assert "of test_porch.py: " in text
    assert text.endswith("; if it needs that long, raise KAPNB_BUSY_LIMIT")
