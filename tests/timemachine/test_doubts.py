"""A run that does not repeat itself is told as such, and never as a fact."""

from __future__ import annotations

import random

import handlers_of_faults as zoo
import walks
from kapnb import Handler, simulate


class OncePast(Handler):
    """Draws a random number, but only from the tenth point on."""

    def point(self, point, state):
        state["n"] = state.get("n", 0) + 1
        noise = random.random() if state["n"] > 10 else 0.0
        yield point.with_fields(noise=noise)


class Model:
    """Stands for a model of a library, that learns."""

    __module__ = "numpy_lookalike"

    def __init__(self):
        self.n = 0

    def learn(self):
        self.n += 1
        return self.n


class Learning(Handler):
    """Keeps a library's object on itself, and changes it."""

    def init(self):
        self.model = Model()

    def point(self, point):
        yield point.with_fields(n=self.model.learn())


def test_random_numbers_raise_a_doubt_that_names_the_input():
    """The first that was answered otherwise; before it there is no doubt."""
    machine = simulate(OncePast, zoo.points(30, "a")).travel()
    assert not machine.go(9).doubts
    (doubt,) = machine.go(20).doubts
    assert "answered input 10 otherwise (it sent 1 output, but not the same)" in doubt
    assert "doubt   led here once more" in repr(machine.moment)


def test_code_that_was_changed_since_raises_a_doubt():
    """Such as a function, in another cell, that the Handler calls."""
    scope = {}
    exec("def scaled(x):\n    return 2 * x", scope)

    class Scaling(Handler):
        def point(self, point):
            yield point.with_fields(y=scope["scaled"](point.fields["x"]))

    run = simulate(Scaling, zoo.points(5, "a"))
    assert not run.travel().last().doubts
    exec("def scaled(x):\n    return 3 * x", scope)
    assert "its code was changed since" in run.travel().last().doubts[0]


def test_a_replay_that_fails_where_the_run_did_not_knows_no_state():
    """What is told then is the failure."""
    scope = {"limit": lambda: 99}

    class Limit(Handler):
        def point(self, point, state):
            state["n"] = state.get("n", 0) + 1
            if state["n"] > scope["limit"]():
                raise ValueError("too many")

    run = simulate(Limit, zoo.points(9, "a"))
    scope["limit"] = lambda: 4
    moment = run.travel().go(7)
    assert (moment.before, moment.after, moment.changes) == (None, None, ())
    assert "ended at input 4, which it did not in the run: ValueError: too many" in moment.doubts[0]
    assert "failed at this input, which it did not" in run.travel().go(4).doubts[0]


def test_an_error_that_does_not_come_again_raises_a_doubt():
    """The run's error is told all the same."""
    scope = {"limit": lambda: 4}

    class Limit(Handler):
        def point(self, point, state):
            state["n"] = state.get("n", 0) + 1
            if state["n"] > scope["limit"]():
                raise ValueError("too many")

    run = simulate(Limit, zoo.points(9, "a"), errors="keep")
    scope["limit"] = lambda: 99
    moment = run.travel().next_error()
    assert moment.error is run.error
    assert "did not fail at this input, as it did in the run" in moment.doubts[0]


def test_objects_that_are_not_copied_are_named(monkeypatch):
    """A model is taken for constant; if it was not, a replay from the start sets it right."""
    monkeypatch.setattr("kapnb.simulation._copies.is_constant", lambda value: type(value) is Model)
    monkeypatch.setattr(
        "kapnb.simulation._checkpoints.is_constant", lambda value: type(value) is Model
    )
    run = walks.run_of(Learning, zoo.points(30, "a"))
    machine = run.travel()
    moment = machine.go(20)
    assert not moment.doubts
    assert moment.constants == ("numpy_lookalike.Model",)
    assert "taken for constant: numpy_lookalike.Model" in repr(moment)
    assert "replays the run from its beginning" in machine.note
    assert not machine.go(7).doubts


def test_a_state_that_cannot_be_copied_is_replayed_from_the_start():
    """And the machine says so."""
    machine = walks.run_of(walks.Exhausted, zoo.points(30)).travel()
    assert not machine.go(20).doubts
    assert not machine.go(3).doubts
    assert "a generator cannot be copied, so a jump may replay the run" in repr(machine)
