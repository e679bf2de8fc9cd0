"""Cases 1 to 11: framing, and that nothing but frames is on the wire."""

from __future__ import annotations

from kapnb.model import ErrorResponse, InitRequest, InitResponse, KeepaliveRequest
from kapnb.testing._kapacitor import Kapacitor, Misbehaved
from kapnb.testing.conformance._case import case
from kapnb.testing.conformance._expect import expect_points
from kapnb.testing.conformance._play import Play
from kapnb.testing.conformance._roles import anything, nothing_else
from kapnb.testing.conformance._samples import body_of, framed, point, with_unknown_fields

#: How agents name what they cannot read, an input that stops short, and what they skip.
_UNREADABLE = r"protobuf|decod|pars|malform|invalid|corrupt|unmarshal|wire"
_TRUNCATED = r"trunc|inside|incomplete|unexpected (end|eof)|premature|cut (off|short)|partial"
_SKIPPED = r"unknown|unrecogni|skip|ignor|unhandled|unexpected|empty"
#: A request of field number 30.
_UNKNOWN_REQUEST = bytes.fromhex("f20100")
#: Memory that a length alone may cost, in bytes.
_GROWTH_MAX = 64 * 1024 * 1024
#: Sizes whose length needs 2, 3 and 4 bytes.
_SIZES = (200, 20_000, 3_000_000)
#: A time whose varint has nine bytes.
_LONG_TIME = 2**62


@case(
    1,
    "cut-frames",
    "a frame cut at every byte, across reads, is handled as if whole",
    role="mirror",
    fits=anything,
)
def cut_frames(play: Play) -> None:
    """Write frames in two parts, for every cut; the second once the first was read."""
    kapacitor = play.start()
    if play.mirrors:
        init = kapacitor.frame(InitRequest((), "task", "udf2"))
        kapacitor.write_apart(*(init[at : at + 1] for at in range(len(init))))
        kapacitor.receive(InitResponse)
        frame = kapacitor.frame(point())
        for cut in range(1, len(frame)):
            kapacitor.write_apart(frame[:cut], frame[cut:])
            expect_points(kapacitor, [point()])
    for cut in range(1, len(kapacitor.frame(KeepaliveRequest(_LONG_TIME)))):
        frame = kapacitor.frame(KeepaliveRequest(_LONG_TIME + cut))
        kapacitor.write_apart(frame[:cut], frame[cut:])
        kapacitor.await_keepalive(_LONG_TIME + cut)


@case(
    2,
    "many-frames",
    "many frames in one read are all handled, in order",
    role="mirror",
    fits=anything,
)
def many_frames(play: Play) -> None:
    """Fill the pipe before the agent is up, so that its first read finds everything."""
    kapacitor = play.start()
    numbers = range(1, 301)
    data = kapacitor.frame(InitRequest()) if play.mirrors else b""
    for number in numbers:
        data += kapacitor.frame(KeepaliveRequest(_LONG_TIME + number))
        data += kapacitor.frame(point(number)) if play.mirrors else b""
    kapacitor.write(data)
    if play.mirrors:
        kapacitor.receive(InitResponse)
        expect_points(kapacitor, map(point, numbers))
    places = [
        kapacitor.heard.index(kapacitor.await_keepalive(_LONG_TIME + number)) for number in numbers
    ]
    if places != sorted(places):
        raise Misbehaved("keepalives were answered out of order")


@case(
    3,
    "long-lengths",
    "lengths of 2, 3, 4 and 5 bytes are handled, non-minimal ones too",
    role="mirror",
    fits=anything,
)
def long_lengths(play: Play) -> None:
    """Send frames whose length needs 2, 3, 4 bytes, and small ones whose length has up to 5.

    A length that needs 5 bytes stands for 256 MiB and more, which an agent may refuse.
    """
    kapacitor = play.start()
    for count in range(2, 6):
        frame = kapacitor.frame(KeepaliveRequest(_LONG_TIME + count))
        kapacitor.write(framed(body_of(frame), length_bytes=count))
        kapacitor.await_keepalive(_LONG_TIME + count)
    if play.mirrors:
        play.init(kapacitor)
        for size in _SIZES:
            large = point(fields={"text": "x" * size})
            kapacitor.send(large)
            expect_points(kapacitor, [large])
        return
    for size in _SIZES:  # one init is all that a process takes
        play.restart()
        kapacitor = play.start()
        kapacitor.send(InitRequest((), "x" * size, "udf2"))
        kapacitor.receive(InitResponse)


@case(
    4,
    "length-over-limit",
    "a length above the limit, or of more than 5 bytes, gives an error frame and no memory",
    role="mirror",
    fits=anything,
)
def length_over_limit(play: Play) -> None:
    """Announce 4 GiB, more than protobuf allows; then a length that never ends."""
    for length in (bytes.fromhex("ffffffff0f"), b"\xff" * 10):
        kapacitor = play.start()
        kapacitor.fence()
        before = kapacitor.process.peak_memory()
        kapacitor.write(length + b"x" * 100)
        _await_error(kapacitor)
        after = kapacitor.process.peak_memory()
        play.fails(kapacitor)
        if before is not None and after is not None and after - before > _GROWTH_MAX:
            raise Misbehaved(f"the length cost {(after - before) >> 20} MiB of memory")
        play.restart()


def _await_error(kapacitor: Kapacitor) -> None:
    """Wait for an error frame without taking it: the process must still be there."""

    def heard() -> bool:
        return any(isinstance(item.message, ErrorResponse) for item in kapacitor.heard)

    kapacitor.exchange(lambda: kapacitor.at_end or heard())


@case(
    5,
    "eof-between-frames",
    "at the end of input queued work is finished and flushed, exit 0",
    role="mirror",
    fits=anything,
)
def eof_between_frames(play: Play) -> None:
    """End the input behind more than a pipe holds."""
    kapacitor = play.start()
    if play.mirrors:
        play.init(kapacitor)
        kapacitor.write(b"".join(kapacitor.frame(point(number)) for number in range(3000)))
        kapacitor.close()
        expect_points(kapacitor, map(point, range(3000)))
    else:
        times = range(_LONG_TIME, _LONG_TIME + 9000)
        kapacitor.write(b"".join(kapacitor.frame(KeepaliveRequest(time)) for time in times))
        kapacitor.close()
        kapacitor.await_keepalive(times[-1])
    rest = kapacitor.rest(play.grace_s)
    if rest:
        raise Misbehaved(f"after the last answer came {rest[0]!r}")
    play.left(kapacitor, "zero")


@case(
    6,
    "eof-inside-frame",
    "an input that ends inside a frame is reported as cut off; nothing of it is handled",
    role="mirror",
    fits=anything,
)
def eof_inside_frame(play: Play) -> None:
    """End the input in a length, and in a body."""
    for kept in (1, 60):
        kapacitor = play.start()
        if play.mirrors:
            play.init(kapacitor)
            kapacitor.send(point(1))
            expect_points(kapacitor, [point(1)])
            large = kapacitor.frame(point(fields={"text": "x" * 200}))
        else:
            kapacitor.fence()
            large = kapacitor.frame(InitRequest((), "x" * 200))
        kapacitor.write(large[:kept])
        rest = kapacitor.rest(play.grace_s)
        handled = [message for message in rest if not isinstance(message, ErrorResponse)]
        if handled:
            raise Misbehaved(f"half a frame was handled: {handled[0]!r}")
        play.left(kapacitor, "nonzero")
        play.says(kapacitor, _TRUNCATED)
        play.restart()


@case(
    7,
    "not-protobuf",
    "a body that is not protobuf gives an error frame that says so",
    role="mirror",
    fits=anything,
)
def not_protobuf(play: Play) -> None:
    """Frame garbage: a wire type that does not exist; a point longer than its frame."""
    for body in (b"\x07\x07\x07\x07\x07", b"\x8a\x01\x7fjunk"):
        kapacitor = play.start()
        kapacitor.fence()
        kapacitor.write(framed(body))
        play.fails(kapacitor, _UNREADABLE)
        play.restart()


@case(
    8,
    "unknown-request",
    "an unknown or empty request is logged and skipped",
    role="mirror",
    fits=anything,
)
def unknown_request(play: Play) -> None:
    """Send an empty request and one of an unknown number, then go on."""
    kapacitor = play.start()
    for body in (b"", _UNKNOWN_REQUEST):
        kapacitor.write(framed(body))
        answers = kapacitor.fence()
        if answers:
            raise Misbehaved(f"it was answered: {answers[0]!r}")
    if play.mirrors:
        play.init(kapacitor)
        kapacitor.send(point())
        expect_points(kapacitor, [point()])
    kapacitor.close()
    play.left(kapacitor, "zero")
    play.says(kapacitor, _SKIPPED)


@case(
    9,
    "unknown-fields",
    "unknown fields inside known messages are ignored",
    role="mirror",
    fits=anything,
)
def unknown_fields(play: Play) -> None:
    """Send what a newer Kapacitor may send."""
    kapacitor = play.start()
    kapacitor.write(with_unknown_fields(kapacitor.frame(KeepaliveRequest(_LONG_TIME))))
    kapacitor.await_keepalive(_LONG_TIME)
    kapacitor.write(with_unknown_fields(kapacitor.frame(InitRequest((), "task", "udf2"))))
    answer = kapacitor.receive(InitResponse)
    if play.mirrors:
        if not answer.success:
            raise Misbehaved(f"init was refused: {answer.error}")
        kapacitor.write(with_unknown_fields(kapacitor.frame(point())))
        expect_points(kapacitor, [point()])


@case(
    10,
    "empty-response",
    "an empty response of user code becomes an error frame",
    role="empty-response",
    fits=nothing_else,
)
def empty_response(play: Play) -> None:
    """Let the Handler answer nothing-at-all; an empty frame would bring kapacitord down."""
    kapacitor = play.started()
    kapacitor.send(point())
    play.fails(kapacitor)


@case(
    11,
    "prints",
    "what is printed inside the Handler goes to stderr; stdout stays pure frames",
    role="print",
    fits=nothing_else,
)
def prints(play: Play) -> None:
    """Print in four ways around three points."""
    kapacitor = play.started()
    for number in range(3):
        kapacitor.send(point(number))
        expect_points(kapacitor, [point(number)])
    kapacitor.close()
    play.left(kapacitor, "zero")
    words = [f"case 11 {way}" for way in ("print", "write", "fd", "child")]
    play.says(kapacitor, *words)

    def thrice() -> bool:
        return {kapacitor.stderr().count(word) for word in words} == {3}

    kapacitor.exchange(thrice, poll_s=0.02)  # a server does not end, so the last may be under way
    if not thrice():
        raise Misbehaved("what was printed came on stderr, but not once for each time")
