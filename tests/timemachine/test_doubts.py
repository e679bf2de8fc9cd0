"""A run that does not repeat itself is told as such, and never as a fact."""

from __future__ import annotations

import random

import pytest

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


def test_a_replay_that_fails_at_its_start_says_so(tmp_path):
    """The file that init reads is gone."""
    model = tmp_path / "model.txt"
    model.write_text("7")

    class Loads(Handler):
        def init(self):
            self.limit = float(model.read_text())

        def point(self, point):
            return point

    run = simulate(Loads, zoo.points(3, "a"))
    model.unlink()
    moment = run.travel().go(1)
    assert "ended before the first input, which it did not in the run" in moment.doubts[0]


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


def test_an_error_that_comes_again_with_another_text_raises_a_doubt():
    """The run's own is told, and the doubt has the other."""

    class Unsure(Handler):
        def point(self, point):
            raise ValueError(f"about {random.random()}")

    moment = walks.run_of(Unsure, zoo.points(1)).travel().next_error()
    (doubt,) = moment.doubts
    assert doubt.startswith(
        "led here once more, the Handler failed otherwise: ValueError: about 0."
    )
    assert str(moment.error) not in doubt


def test_objects_that_are_not_copied_are_named(monkeypatch):
    """A model is taken for constant; if it was not, a replay from the start sets it right."""
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


class Refitting(Handler):
    """Has a model a group from the start, and puts others in their place."""

    def init(self):
        self.models = {"a": Model(), "b": Model()}
        self.seen = 0

    def point(self, point):
        self.seen += 1
        if self.seen % 7 == 0:
            self.models["a"] = Model()
            self.models["a"].n = 100 * self.seen
        yield point.with_fields(n=self.models["a"].n + self.models["b"].n)


def test_a_model_that_is_put_in_anothers_place_is_copied(monkeypatch):
    """Only those that a start makes anew are taken for constant, and those are never the run's."""
    monkeypatch.setattr(
        "kapnb.simulation._checkpoints.is_constant", lambda value: type(value) is Model
    )
    run = walks.run_of(Refitting, zoo.points(30, "a"))
    machine = run.travel()
    for position in (29, 12, 3, 20):
        moment = machine.go(position)
        assert not moment.doubts
        assert machine._replay.handler.models["b"] is not run._node.instance.models["b"]
    assert machine.note == ""
    assert [change.path for change in machine.go(13).changes] == [
        "self.models['a'].n",
        "self.seen",
    ]


def test_who_is_interrupted_on_the_way_may_go_on():
    """Nothing half done is left: the next way begins anew."""
    scope = {"stop": lambda n: None}

    class Slow(Handler):
        def point(self, point, state):
            state["n"] = state.get("n", 0) + 1
            scope["stop"](state["n"])
            yield point.with_fields(n=state["n"])

    def interrupt(n):
        if n == 8:
            raise KeyboardInterrupt

    machine = simulate(Slow, zoo.points(20, "a")).travel()
    scope["stop"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        machine.go(15)
    with pytest.raises(KeyboardInterrupt):
        machine.go(7)
    scope["stop"] = lambda n: None
    moment = machine.go(15)
    assert (moment.after, moment.doubts) == ({"n": 16}, ())


def test_what_cannot_be_noted_before_a_run_does_not_harm_it():
    """The run goes well, and can be walked."""

    class Stubborn:
        def __deepcopy__(self, memo):
            raise TypeError("not me")

    stubborn = Stubborn()

    class Holding(Handler):
        def point(self, point, state):
            state["n"] = state.get("n", 0) + 1
            yield point.with_fields(n=len(vars(stubborn)))

    run = simulate(Holding, zoo.points(5, "a"))
    machine = run.travel()
    assert machine.last().after == {"n": 5}
    assert "what Holding keeps outside cannot be copied: not me" in machine.note
