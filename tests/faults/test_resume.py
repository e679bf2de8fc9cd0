"""check_resume finds what a restart loses, and says what and where."""

from __future__ import annotations

import re

import pytest

import handlers_of_faults as handlers
from handlers_of_faults import batches, points
from kapnb import Handler, HandlerError, Option, Point, check_resume


def resume(handler, data=None, **settings):
    settings.setdefault("group_by", "host")
    return check_resume(handler, points() if data is None else data, **settings)


@pytest.mark.parametrize(
    "handler",
    [handlers.Mirror, handlers.Average, handlers.Slope, handlers.Counted, handlers.Windowed],
)
def test_state_in_the_groups_survives(handler):
    """After every point."""
    found = resume(handler)

    assert found.ok
    assert found.restarts == 119
    found.raise_if_failed()


def test_batches_are_restarted_between():
    """As many restarts as there are borders."""
    found = resume(handlers.Widest, batches(), group_by=None)

    assert str(found) == "Resume of Widest: 12 batches, 11 restarts: nothing is lost"


@pytest.mark.parametrize(
    ("handler", "after", "position", "lost"),
    [
        (handlers.InGlobal, 1, 2, r"global COUNTS\['host=b'\] was 1, is gone"),
        (handlers.InGlobalNumber, 1, 1, "global TOTAL was 1, is 0"),
        (handlers.InObject, 1, 2, r"self.last\['host=b'\] was 1.0, is gone"),
        (handlers.InClass, 1, 2, r"class attribute InClass.last\['host=b'\] was 1.0, is gone"),
        (handlers.Rounding, 1, 2, r"group 'host=b'\[0\] was 0.1428.*, is 0.1"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_first_difference_and_the_lost_state_are_named(handler, after, position, lost):
    """Restart, item, attribute and group."""
    loss = resume(handler).loss

    assert (loss.after, loss.position) == (after, position)
    assert re.match(lost, loss.lost[0])
    assert loss.expected != loss.found


def test_a_late_loss_is_traced_to_its_restart():
    """The state is forgotten once, long before it shows."""

    class Late(Handler):
        """Forgets the maximum, which is seen only at the end."""

        def group_state(self):
            return {"count": 0}

        def init(self, request):
            self.most = 0.0

        def point(self, point, state):
            state["count"] += 1
            if state["count"] == 10:
                self.most = point.fields["x"]
            yield point.with_fields(most=self.most if state["count"] == 40 else 0.0)

    loss = resume(Late, group_by=None).loss

    assert loss.position == 39
    assert loss.after == 10
    assert loss.lost == ["self.most was 3.0, is 0.0"]


def test_fewer_restarts_cost_less_and_say_so():
    """Every tenth point."""
    assert resume(handlers.Average, every=10).restarts == 11
    loss = resume(handlers.InObject, every=10).loss
    assert loss.after == 10
    with pytest.raises(ValueError, match="every is a number of items"):
        resume(handlers.Average, every=0)


def test_a_state_that_cannot_be_kept_is_reported_in_the_kits_words():
    """With group and place."""
    found = resume(handlers.Unkept)

    assert not found.ok
    assert "state['lambda'] is a function" in found.loss.why
    with pytest.raises(AssertionError, match="a restart after point 1 loses state"):
        found.raise_if_failed()


def test_official_handlers_are_restarted_too():
    """One that keeps its state, and one that gives no bytes."""
    kept = resume(handlers.official_counter(keeps=True))
    lost = resume(handlers.official_counter(keeps=False))

    assert kept.ok
    assert kept.restarts == 119
    assert lost.loss.lost == ["self._count was 1, is 0"]
    assert lost.note == "a restart begins anew: snapshot() gave no bytes"


def test_an_official_handler_without_a_snapshot_is_told_so():
    """It has no state to lose, so all is well; but the reader knows."""
    found = resume(handlers.official_positional())

    assert found.ok
    assert "Row.snapshot() returned None" in found.note


def test_a_refused_restore_is_a_loss():
    """The task could not start again."""

    class Refusing(handlers.Average):
        def restore(self, snapshot):
            raise RuntimeError("not today")

    loss = resume(Refusing).loss

    assert loss.after == 1
    assert "restore was refused: RuntimeError: not today" in loss.why


def test_a_handler_that_never_repeats_cannot_be_proven():
    """And nothing else is claimed."""
    found = resume(handlers.Random)

    assert not found.ok
    assert "two runs without any restart differ" in found.loss.why


def test_an_object_is_refused():
    """Each restart needs a fresh one."""
    with pytest.raises(HandlerError, match="takes a class"):
        check_resume(handlers.Mirror(), points())


def test_options_reach_every_process():
    """A restart gets the same init."""

    class Scaled(Handler):
        by = Option(float)

        def group_state(self):
            return {"sum": 0.0}

        def point(self, point, state):
            state["sum"] += self.by * point.fields["x"]
            yield point.with_fields(sum=state["sum"])

    assert resume(Scaled, options={"by": 2.5}).ok


def test_hidden_state_is_put_back():
    """The module is as it was before."""
    resume(handlers.InGlobal)

    assert handlers.COUNTS == {}


def test_the_outcome_reads_well():
    """As text and as HTML."""
    found = resume(handlers.InGlobalNumber)

    assert "first answered otherwise: point 2" in str(found)
    assert "lost: global TOTAL was 1, is 0" in found._repr_html_()


def test_a_state_that_no_snapshot_holds_is_not_said_to_be_kept():
    """No answer shows that it is gone, and gone it is."""

    class Kept(Handler):
        def group_state(self):
            return {"function": len, "count": 0}

        def point(self, point, state):
            state["count"] += 1
            return point

    class Counts(Kept):
        def point(self, point, state):
            state["count"] += 1
            return point.with_fields(count=state["count"])

    data = [Point({"x": 1.0}, time=n) for n in range(5)]
    text = str(check_resume(Kept, data))
    assert "5 points, 4 restarts: no answer changed\n  note: a restart begins anew" in text
    assert "nothing is lost" not in text
    assert str(check_resume(Counts, data)).count("code is never kept in a snapshot") == 1
