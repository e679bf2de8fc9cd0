"""What a command that plays no roles can do: asked once, before the cases."""

from __future__ import annotations

from kapnb.model import BATCH, STREAM, InfoRequest, InfoResponse, InitRequest, InitResponse, Point
from kapnb.testing._differences import difference
from kapnb.testing._kapacitor import Misbehaved
from kapnb.testing.conformance._expect import (
    batch_messages,
    difference_of_batches,
    receive_batch,
)
from kapnb.testing.conformance._play import Play
from kapnb.testing.conformance._roles import Skills
from kapnb.testing.conformance._samples import batch, point

__all__ = ["find_skills"]


def find_skills(play: Play) -> Skills:
    """Ask for info, start without options, and see whether data comes back as it was."""
    info = _info(play)
    play.restart()
    refusal = _refusal(play)
    play.restart()
    if refusal or info is None:
        return Skills(info, refusal)
    edges = (info.wants, info.provides)
    return Skills(
        info,
        "",
        edges == (STREAM, STREAM) and _mirrors(play),
        edges == (BATCH, BATCH) and _mirrors_batches(play),
    )


def _info(play: Play) -> InfoResponse | None:
    kapacitor = play.start()
    try:
        kapacitor.send(InfoRequest())
        return kapacitor.receive(InfoResponse)
    except Misbehaved:
        return None


def _refusal(play: Play) -> str:
    kapacitor = play.start()
    try:
        kapacitor.send(InitRequest((), "task", "udf2"))
        answer = kapacitor.receive(InitResponse)
    except Misbehaved as problem:
        return str(problem)
    return "" if answer.success else answer.error or "init was refused without a reason"


def _mirrors(play: Play) -> bool:
    try:
        kapacitor = play.started()
        kapacitor.send(point(1), point(2))
        return not any(difference(point(at), kapacitor.receive(Point)) for at in (1, 2))
    except Misbehaved:
        return False
    finally:
        play.restart()


def _mirrors_batches(play: Play) -> bool:
    sent = batch(1, [{"value": 0.5}, {"value": 1.5}])
    try:
        kapacitor = play.started()
        kapacitor.send(*batch_messages(sent))
        return difference_of_batches(sent, receive_batch(kapacitor)) is None
    except Misbehaved:
        return False
    finally:
        play.restart()
