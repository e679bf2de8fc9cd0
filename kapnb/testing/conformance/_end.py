"""Cases 39 and 40: a consumer that is gone, and servers on a socket."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from kapnb.model import Point
from kapnb.testing._differences import difference
from kapnb.testing._kapacitor import Kapacitor, Misbehaved
from kapnb.testing.conformance._case import case
from kapnb.testing.conformance._expect import expect_points
from kapnb.testing.conformance._play import Play
from kapnb.testing.conformance._roles import mirrors
from kapnb.testing.conformance._samples import point

_BROKEN = re.compile(r"broken ?pipe|EPIPE|connection reset|ECONNRESET", re.IGNORECASE)
#: More than pipes and buffers hold, both ways.
_FLOOD = 30_000


@case(
    39,
    "consumer-gone",
    "a consumer that stops reading or goes: no deadlock, one line of log, a bounded exit",
    role="threads-alive",
    fits=mirrors,
)
def consumer_gone(play: Play) -> None:
    """Pause, go away, and end the input without reading any more."""
    _pause(play)
    play.restart()
    if play.socket is None:
        _hang_up(play)
        play.restart()
        _end_unread(play)
    else:
        _hang_up_socket(play)


def _flood(kapacitor: Kapacitor) -> None:
    """Queue points that nobody reads, until the agent takes no more."""
    kapacitor.line.listening = False
    kapacitor.post(b"".join(kapacitor.frame(point(number)) for number in range(_FLOOD)))
    left = -1
    while kapacitor.line.outgoing and left != len(kapacitor.line.outgoing):
        left = len(kapacitor.line.outgoing)
        kapacitor.exchange(lambda: False, 0.5)


def _pause(play: Play) -> None:
    """Read on after a while, and get everything."""
    kapacitor = play.started()
    _flood(kapacitor)
    kapacitor.line.listening = True
    expect_points(kapacitor, map(point, range(_FLOOD)))
    kapacitor.close()
    play.left(kapacitor, "zero", after="after its input had ended, with a thread alive")


def _hang_up(play: Play) -> None:
    """Close stdout; the process learns of it at its next write, and leaves by itself."""
    kapacitor = play.started()
    kapacitor.line.hang_up()
    kapacitor.send(point())
    # A process that another thread starts holds this pipe, too, until it is what it shall be: of
    # writes while four threads start some, one in 2,500 meets no broken pipe. Hence a second one.
    if not kapacitor.exchange(lambda: kapacitor.process.status() is not None, 1.0, 0.02):
        kapacitor.post(kapacitor.frame(point()))
    play.left(kapacitor, "nonzero", after="after its stdout was closed")
    count = len([line for line in kapacitor.stderr().split("\n") if _BROKEN.search(line)])
    if count != 1:
        raise Misbehaved(f"the broken pipe stands on {count} lines of stderr")


def _end_unread(play: Play) -> None:
    """End the input while nobody reads; Kapacitor waits for such a process without limit."""
    kapacitor = play.started()
    _flood(kapacitor)
    kapacitor.line.close()  # and forget what was not taken
    play.left(kapacitor, "nonzero", after="after its input had ended, its stdout unread")


def _hang_up_socket(play: Play) -> None:
    """Leave a server in the middle of an answer, and call it again."""
    kapacitor = play.started()
    _flood(kapacitor)
    kapacitor.line.hang_up()
    other = play.connect(kapacitor.process)
    play.init(other)
    other.send(point())
    expect_points(other, [point()])


@case(
    40,
    "socket",
    "a server replaces a stale file, serves several at once, survives each, removes the file",
    role="counter",
    fits=mirrors,
)
def server_on_socket(play: Play) -> None:
    """Start it where a file was left behind, talk to it twice at once, end it by SIGTERM."""
    play.needs_socket()
    path = Path(play.socket or "")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    first = play.started()
    second, broken = play.connect(first.process), play.connect(first.process)
    play.init(second)
    _count(play, first, 1)
    _count(play, second, 1)
    broken.write(b"\xff" * 20)
    broken.rest(play.grace_s)
    play.left(broken)
    _count(play, second, 2)
    second.close()
    if second.rest(play.grace_s):
        raise Misbehaved("after the end of its input a connection went on talking")
    _count(play, first, 2)
    first.process.terminate()
    if not first.exchange(lambda: first.process.status() is not None, play.grace_s, 0.02):
        raise Misbehaved(f"it did not leave within {play.grace_s:g} s after SIGTERM")
    if path.exists():
        raise Misbehaved(f"{path} is still there after SIGTERM")


def _count(play: Play, kapacitor: Kapacitor, seen: int) -> None:
    """Send a point; the role tells how many came on this connection."""
    sent = point(seen, {"value": 0.5})
    kapacitor.send(sent)
    wanted = sent.with_fields(seen=seen, total=0.5 * seen) if play.plays_role else sent
    problem = difference(wanted, kapacitor.receive(Point))
    if problem:
        raise Misbehaved(problem)
