"""Cases 12 to 21: info, init, signs of life."""

from __future__ import annotations

import time

from kapnb.model import (
    INT_MAX,
    INT_MIN,
    STREAM,
    ErrorResponse,
    FieldValue,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    Point,
    ReceivedOption,
    RestoreRequest,
    RestoreResponse,
    ValueType,
)
from kapnb.testing._differences import difference
from kapnb.testing._kapacitor import Kapacitor, Misbehaved
from kapnb.testing.conformance._case import case
from kapnb.testing.conformance._expect import expect_points, require
from kapnb.testing.conformance._play import Play
from kapnb.testing.conformance._roles import OPTIONS, anything, declares_options, nothing_else
from kapnb.testing.conformance._samples import option, point

#: A place in source code, as tracebacks of most languages show it.
_A_LINE = r"line \d+|:\d+"


@case(
    12,
    "info",
    "info gets exactly one answer, which declares edges and every option's types",
    role="options",
    fits=anything,
)
def info(play: Play) -> None:
    """Ask once; nothing but keepalives may come besides."""
    kapacitor = play.start()
    kapacitor.send(InfoRequest())
    answer = kapacitor.receive(InfoResponse)
    more = kapacitor.fence() + kapacitor.rest(play.grace_s)
    if more:
        raise Misbehaved(f"besides the info answer came {more[0]!r}")
    if play.plays_role:
        problem = difference(InfoResponse(STREAM, STREAM, OPTIONS), answer)
        if problem:
            raise Misbehaved(f"info: {problem}")


@case(
    13,
    "info-then-eof",
    "info and the end of input: exit 0, promptly, and init is not called",
    role="options",
    fits=anything,
)
def info_then_eof(play: Play) -> None:
    """Do what Kapacitor does to every UDF when it starts."""
    kapacitor = play.start()
    kapacitor.send(InfoRequest())
    kapacitor.receive(InfoResponse)
    kapacitor.rest(play.timeout_s)
    play.left(kapacitor, "zero")
    if play.plays_role:
        if "init called" in kapacitor.stderr():
            raise Misbehaved("init was called, though Kapacitor only asked for info")
        play.restart()
        kapacitor = play.started(option("text", "x"))
        kapacitor.close()
        play.left(kapacitor, "zero")
        play.says(kapacitor, "init called")  # or the case could not fail


@case(
    14,
    "early-emit",
    "init needs no info; what is emitted in init or restore waits for the answer",
    role="emit-early",
    fits=nothing_else,
)
def early_emit(play: Play) -> None:
    """Emit where data would hang the start, because Kapacitor does not read it yet."""
    kapacitor = play.started()  # an early point would have come before the answer
    kapacitor.send(RestoreRequest(b"any"))
    if not kapacitor.receive(RestoreResponse).success:
        raise Misbehaved("the role accepts any snapshot, and this was refused")
    kapacitor.send(point())
    points = kapacitor.fence() + kapacitor.rest(play.grace_s)
    early = sorted(
        str(item.fields.get("in")) for item in points if getattr(item, "name", "") == "early"
    )
    if early != ["init", "restore"]:
        raise Misbehaved(f"of what was emitted in init and restore came {early}")
    mirrored = [item for item in points if getattr(item, "name", "") != "early"]
    if len(mirrored) != 1 or difference(point(), mirrored[0]):
        raise Misbehaved(f"the point after it came back as {mirrored}")


_GIVEN = (
    option("text", "größe, it's 5 o'clock"),
    option("count", -5),
    option("ratio", 2.5),
    option("on", True),
    option("every", 10_000_000_000, kind=ValueType.DURATION),
    ReceivedOption("pair", (*option("pair", "x").values, *option("pair", INT_MAX).values)),
    option("quick"),
    option("watch", "b"),
    option("watch", "a"),
)
_REPORTED: dict[str, FieldValue] = {
    "text": "größe, it's 5 o'clock",
    "count": -5,
    "ratio": 2.5,
    "on": True,
    "every": 10_000_000_000,
    "pair_0": "x",
    "pair_1": INT_MAX,
    "quick": True,
    "watch": "b,a",
}


@case(
    15,
    "options",
    "options of all types, several arguments, flags, repeats arrive typed and in order",
    role="options",
    fits=declares_options,
)
def options(play: Play) -> None:
    """Give every option, and none that need not be given."""
    kapacitor = play.started(*_GIVEN)
    kapacitor.send(point(fields={"value": 1.0}))
    expect_points(kapacitor, [point(fields={"value": 1.0, **_REPORTED})])
    play.restart()
    kapacitor = play.started(option("text", ""))
    kapacitor.send(point(fields={"value": 1.0}))
    answer = kapacitor.receive(Point)
    if answer.fields.get("text") != "" or answer.fields.get("watch", "") != "":
        raise Misbehaved(f"with text('') alone, the Handler saw {dict(answer.fields)}")


@case(
    16,
    "bad-options",
    "a missing or bad option: success=false with readable text, then exit 0 by itself",
    role="options",
    fits=declares_options,
)
def bad_options(play: Play) -> None:
    """Kapacitor forgets a process that refuses to start, and never closes its input."""
    text = option("text", "x")
    bad = {
        "text": (),
        "ratio": (text, option("ratio", 50)),
        "nonsense": (text, option("nonsense", 1)),
    }
    for name, given in bad.items():
        kapacitor = play.start()
        kapacitor.send(InitRequest(given, "task", "udf2"))
        answer = kapacitor.receive(InitResponse)
        if answer.success:
            raise Misbehaved(f"init succeeded in spite of option {name!r}")
        require(answer.error, f"the answer to option {name!r}", name)
        play.left(kapacitor, "zero", after="after it had refused to start")
        play.restart()


@case(
    17,
    "init-fails",
    "an exception in init reaches Kapacitor with type, message and line",
    role="fail-init",
    fits=nothing_else,
)
def init_fails(play: Play) -> None:
    """As a refused init or as an error frame; the traceback is for stderr."""
    kapacitor = play.start()
    kapacitor.send(InitRequest((), "task", "udf2"))
    answer = kapacitor.receive(object)
    if isinstance(answer, ErrorResponse):
        kapacitor.close()
        play.left(kapacitor)
    elif isinstance(answer, InitResponse) and not answer.success:
        play.left(kapacitor, "zero", after="after it had refused to start")
    else:
        raise Misbehaved(f"{answer!r} came where init had failed")
    require(answer.error, "the answer", "RoleError", "case 17 failed on purpose", _A_LINE)
    play.says(kapacitor, "RoleError", _A_LINE)


@case(
    18,
    "idle-keepalive",
    "a keepalive while idle is answered at once, with the same time",
    role="mirror",
    fits=anything,
)
def idle_keepalive(play: Play) -> None:
    """Ask before init and, if it starts, after."""
    kapacitor = play.start()
    kapacitor.fence()  # how long a start takes is another matter
    _ask_idle(play, kapacitor)
    if play.mirrors:
        play.init(kapacitor)
        _ask_idle(play, kapacitor)


def _ask_idle(play: Play, kapacitor: Kapacitor) -> None:
    for stamp in (42, 0, -1, INT_MAX, INT_MIN):
        took = kapacitor.ask(stamp)
        if took > play.timeout_s / 2:
            raise Misbehaved(f"keepalive {stamp} was answered after {took:.1f} s")


@case(
    19,
    "slow-point",
    "while a point takes longer than the timeout, signs of life come in time",
    role="slow-point",
    fits=nothing_else,
)
def slow_point(play: Play) -> None:
    """Ask every half timeout, as Kapacitor does; a frame of any kind must follow in as long."""
    kapacitor = play.started()
    begun = time.monotonic()
    kapacitor.send(point())
    answer = kapacitor.receive(Point, within_s=4 * play.timeout_s)
    took, slowest = time.monotonic() - begun, kapacitor.slowest_sign(begun)
    if took < 1.5 * play.timeout_s:
        raise Misbehaved(f"the role takes 2 timeouts for a point; this one took {took:.1f} s")
    if slowest > play.timeout_s / 2:
        raise Misbehaved(f"while the point was handled, no sign of life came for {slowest:.1f} s")
    problem = difference(point(), answer)
    if problem:
        raise Misbehaved(problem)
    kapacitor.fence()


@case(
    20,
    "hang",
    "a Handler hung beyond the busy limit gives no signs of life, so that it is killed",
    role="hang",
    fits=nothing_else,
)
def hang(play: Play) -> None:
    """Give it a limit of one timeout, then wait for a silence of another."""
    kapacitor = play.started(KAPNB_BUSY_LIMIT=f"{play.timeout_s:g}")
    kapacitor.send(point(1))
    expect_points(kapacitor, [point(1)])
    kapacitor.send(point(2))
    limit_s = 5 * play.timeout_s

    def given_up() -> bool:
        return kapacitor.at_end or kapacitor.silence() > play.timeout_s

    in_time = kapacitor.exchange(given_up, limit_s, poll_s=0.05, asking=True)
    if sum(isinstance(heard.message, Point) for heard in kapacitor.heard) > 1:
        raise Misbehaved("the role never returns from the second point; this one did")
    if not in_time:
        raise Misbehaved(f"it still gives signs of life {limit_s:g} s after a call has hung")


@case(
    21,
    "slow-import",
    "while a module loads for longer than the timeout, signs of life come in time",
    role="slow-import",
    fits=nothing_else,
)
def slow_import(play: Play) -> None:
    """Start it for info, then for a task. A server may load before it listens, or after."""
    kapacitor = play.start(patience_s=4 * play.timeout_s)
    kapacitor.send(InfoRequest())
    kapacitor.receive(InfoResponse, within_s=4 * play.timeout_s)
    _refuse_silence(play, kapacitor)
    play.restart()
    began = time.monotonic()
    kapacitor = play.start(patience_s=4 * play.timeout_s)
    kapacitor.send(InitRequest((), "task", "udf2"))
    if not kapacitor.receive(InitResponse, within_s=4 * play.timeout_s).success:
        raise Misbehaved("init was refused")
    kapacitor.send(point())
    answer = kapacitor.receive(Point, within_s=4 * play.timeout_s)
    problem = difference(point(), answer)
    if problem:
        raise Misbehaved(problem)
    took = time.monotonic() - began
    if took < 1.5 * play.timeout_s:
        raise Misbehaved(f"the role loads for 2 timeouts; this one answered after {took:.1f} s")
    _refuse_silence(play, kapacitor)


def _refuse_silence(play: Play, kapacitor: Kapacitor) -> None:
    longest = kapacitor.longest_silence()
    if longest >= play.timeout_s:
        raise Misbehaved(f"it was silent for {longest:.1f} s; Kapacitor would have killed it")
