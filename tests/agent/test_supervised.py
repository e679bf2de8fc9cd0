"""What a Session refuses when a front process may replay its input."""

import threading

import pytest

from harness import Mirror, Peer, cpu
from kapnb.agent import UNSUPERVISED
from kapnb.agent._supervised import hold_to_supervision
from kapnb.errors import HandlerError, SnapshotError
from kapnb.handler import Handler
from kapnb.model import InitRequest, Point, RestoreRequest, RestoreResponse

SUPERVISED = {"KAPNB_SUPERVISED": "1"}


def held(handler, **more):
    peer = Peer(handler)
    hold_to_supervision(peer.session, SUPERVISED | more)
    return peer


class Drawing(Handler):
    deterministic = False


class Choosy(Handler):
    def restore(self, snapshot):
        raise SnapshotError("not mine")


def in_thread(call):
    """Return what `call` raises in another thread."""
    raised = []

    def run():
        try:
            call()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised


def test_a_handler_that_is_not_deterministic_refuses_init():
    """Kapacitor shows why."""
    answer = held(Drawing).start()

    assert not answer.success
    assert answer.error.endswith(f"replayed exactly; {UNSUPERVISED}")


def test_without_a_front_process_nothing_is_refused():
    """The declaration alone changes nothing."""
    peer = Peer(Drawing)
    hold_to_supervision(peer.session, {})
    assert peer.start().success
    peer.feed(cpu())

    assert in_thread(lambda: peer.handler.emit(Point({"x": 1}, time=1))) == []


def test_emission_by_another_thread_ends_the_session():
    """The thread gets the error, and so does Kapacitor."""
    peer = held(Mirror)
    peer.start()
    peer.feed(cpu())

    (raised,) = in_thread(lambda: peer.handler.emit(Point({"x": 1}, time=1)))
    _, error = peer.feed(cpu())

    assert isinstance(raised, HandlerError)
    assert UNSUPERVISED in error.error
    assert "Mirror emits from a background thread" in error.error


def test_emission_by_the_handling_thread_is_borne():
    """It has its place among the outputs."""

    class Emitting(Handler):
        def point(self, point):
            self.emit(point)

    peer = held(Emitting)
    peer.start()

    assert len(peer.feed(cpu())) == 1


@pytest.mark.parametrize(("restore", "success"), [("", True), ("strict", False)])
def test_a_snapshot_of_this_very_task_must_fit(restore, success):
    """What Kapacitor has stored may be dropped; what the task itself took may not."""
    peer = held(Choosy, KAPNB_RESTORE=restore)

    _, answer = peer.feed(InitRequest(), RestoreRequest(b"state"))

    assert answer == RestoreResponse(success, "" if success else "not mine")
