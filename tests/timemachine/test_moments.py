"""A moment: state before and after, what changed, what was sent, said, and raised."""

from __future__ import annotations

import datetime as dt
import logging
from collections import deque

import numpy as np
import pandas as pd
import pytest

import handlers_of_faults as zoo
import walks
from kapnb import Handler, HandlerError, MomentError, Point, last_run, simulate
from kapnb.timemachine import ABSENT


class Talking(Handler):
    """Says something for each point."""

    def point(self, point):
        logging.getLogger("talk").info("at %d", point.time)
        logging.getLogger("talk").debug("never seen")
        print("printed", point.fields["x"])
        print("no end", end="")


class Shared(Handler):
    """Divides by what may be zero, in a function of its own."""

    def point(self, point, state):
        state["n"] = state.get("n", 0) + 1
        yield point.with_fields(share=self.share(point.fields["x"]))

    def share(self, value):
        secret = [value] * 3
        return 1 / (value - 2.0) + len(secret)


def numbers(*values):
    return [
        Point({"x": float(value)}, time=at * zoo.SECOND, name="m", tags={"host": "a"})
        for at, value in enumerate(values)
    ]


def failed():
    return simulate(Shared, numbers(0, 1, 2), group_by="host", errors="keep").travel()


def test_before_and_after_are_values_of_the_groups_state():
    """They are copies: to change one changes nothing that is shown later."""
    machine = walks.run_of(zoo.Average, numbers(1, 2, 3), group_by="host").travel()
    moment = machine.go(1)
    assert (list(moment.before), list(moment.after)) == ([1.0], [1.0, 2.0])
    assert type(moment.after) is deque
    moment.after.clear()
    assert list(machine.step().before) == [1.0, 2.0]


def test_a_group_that_is_new_has_no_state_before():
    """Its parts are told as added."""
    moment = failed().first()
    assert (moment.before, moment.after) == (None, {"n": 1})
    assert moment.changes == [("state['n']", ABSENT, 1)]
    assert repr(moment.changes[0].before) == "—"


def test_an_error_comes_with_the_line_and_the_variables_there():
    """Those of the innermost function of user code, as short text."""
    moment = failed().next_error()
    assert moment.position == 2
    assert "ZeroDivisionError" in str(moment.error)
    assert moment.line.endswith("return 1 / (value - 2.0) + len(secret)")
    assert moment.locals == {
        "self": "<test_moments.Shared object>",
        "value": "2.0",
        "secret": "[2.0, 2.0, 2.0]",
    }
    assert moment.changes == [("state['n']", 2, 3)]
    assert not moment.doubts


def test_the_error_of_a_run_says_how_to_look_at_it():
    """It carries a note, and the run is kept although nobody has it."""
    with pytest.raises(HandlerError, match="ZeroDivisionError") as caught:
        simulate(Shared, numbers(0, 1, 2))
    assert caught.value.__notes__ == [
        "see the input, the state and the variables: kapnb.last_run().travel().next_error()"
    ]
    del caught
    assert last_run().travel().next_error().position == 2


def test_an_error_at_no_input_has_no_such_note():
    """A Handler that fails at its start has nothing to be walked."""

    class Refusing(Handler):
        def init(self):
            raise ValueError("no")

    with pytest.raises(HandlerError) as caught:
        simulate(Refusing, numbers(1))
    assert not hasattr(caught.value, "__notes__")
    with pytest.raises(MomentError, match=r"got no input.*ValueError: no"):
        last_run().travel()


def test_what_user_code_says_is_kept_with_the_input(capsys):
    """Records from INFO on and printed lines; of other inputs, and now, nothing is shown."""
    run = simulate(Talking, numbers(1, 2, 3))
    capsys.readouterr()
    moment = run.travel().go(2)
    assert moment.logs == ("INFO talk: at 2000000000", "printed 3.0", "no end")
    assert capsys.readouterr() == ("", "")


def test_what_the_session_warns_of_is_said_too():
    """A field that is no number is dropped, with a warning."""

    class Nan(Handler):
        def point(self, point):
            yield point.with_fields(y=float("nan"))

    (line,) = simulate(Nan, numbers(1)).travel().moment.logs
    assert line.startswith("WARNING kapnb: ")


def test_what_is_kept_on_the_handler_is_told():
    """With its path; options are no state."""
    moment = walks.run_of(walks.OnItself, numbers(5, 7)).travel().go(1)
    told = {change.path: (change.before, change.after) for change in moment.changes}
    assert told["self.stats.n"] == (1, 2)
    assert told["self.stats.mean"] == (5.0, 6.0)
    assert told["self.ring[2]"] == (0.0, 7.0)
    assert set(told) == {
        "self.stats.n",
        "self.stats.mean",
        "self.same.n",
        "self.same.mean",
        "self.ring[2]",
        "self.rng",
    }


def test_groups_that_are_let_go_are_told():
    """At the input that ended them."""
    run = walks.run_of(walks.Limited, zoo.points(6, "abc"), group_by="host")
    told = [str(change) for change in run.travel().go(2).changes]
    assert told == ["state['n']: — → 1", "groups['host=b']: 'there' → —"]


@pytest.mark.parametrize(
    "where",
    [
        "1970-01-01T00:00:03Z",
        "1970-01-01T01:00:02.5+01:00",
        pd.Timestamp(3, unit="s", tz="UTC"),
        pd.Timestamp(3, unit="s"),
        dt.datetime(1970, 1, 1, 0, 0, 3),  # noqa: DTZ001
        pd.Timestamp(3, unit="s", tz="UTC").as_unit("ms"),
        dt.datetime(1970, 1, 1, 0, 0, 3, tzinfo=dt.UTC),
        np.datetime64("1970-01-01T00:00:03"),
        np.datetime64(2_000_000_001, "ns"),
        pd.to_datetime([3], unit="s").to_numpy()[0],
        3,
        np.int64(3),
        -2,
    ],
)
def test_a_place_may_be_a_position_or_a_time(where):
    """Of a time it is the first input at or after it."""
    run = walks.run_of(zoo.Counted, numbers(*range(5)))
    assert run.travel().go(where).position == 3


@pytest.mark.parametrize(
    "where",
    [
        "3000-01-01T00:00:00Z",
        dt.datetime(3000, 1, 1, tzinfo=dt.UTC),
        pd.Timestamp("3000-01-01T00:00:00Z"),
        np.datetime64("3000-01-01"),
        np.datetime64("3000", "Y"),
        32_503_680_000 * zoo.SECOND,
    ],
    ids=lambda where: type(where).__name__,
)
def test_a_time_after_all_inputs_is_told_in_the_same_words(where):
    """Whatever it comes as, and though 64 bits do not hold it in nanoseconds."""
    machine = walks.run_of(zoo.Counted, numbers(*range(5))).travel()
    with pytest.raises(MomentError, match=r"^no input is at or after 3000-01-01T00:00:00Z; they"):
        machine.go(where)


def test_a_large_int_is_a_time():
    """In nanoseconds, as everywhere."""
    start = 1_700_000_000_000_000_000
    data = [Point({"x": 1.0}, time=start + n, name="m") for n in range(5)]
    assert walks.run_of(zoo.Counted, data).travel().go(start + 2).position == 2


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (lambda machine: machine.go(9), r"there is no input 9; the run has inputs 0…4, from 1970"),
        (lambda machine: machine.go(-6), "there is no input -6"),
        (lambda machine: machine.back(), "there is no input -2"),
        (lambda machine: machine.step(6), "there is no input 5: you are before the first input"),
        (lambda machine: machine.go("1971-01-01T00:00:00Z"), "no input is at or after 1971"),
        (lambda machine: machine.go("yesterday"), "such as 2026-01-31T12:00:00.5Z"),
        (lambda machine: machine.go(1.5), "1.5 is no place to go"),
        (lambda machine: machine.go(pd.NaT), "NaT is no time"),
        (lambda machine: machine.go(np.datetime64("NaT")), "NaT is no time"),
        (lambda machine: machine.go(np.array(["1970"], "M8[s]")), "is no place to go"),
        (lambda machine: machine.go(True), "True is no place to go"),
        (lambda machine: machine.next_error(), "no input of this run ended in an error; the run"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(way, text):
    """The text tells the range, and the machine stays where it is."""
    machine = walks.run_of(zoo.Counted, numbers(*range(5))).travel()
    with pytest.raises(MomentError, match=text):
        way(machine)
    assert machine.position == -1


def test_what_is_not_ahead_is_named_with_where_one_is():
    """Of a run that answered at first, the rest is meant."""

    class First(Handler):
        def point(self, point):
            if point.fields["x"] == 0:
                yield point

    machine = walks.run_of(First, numbers(*range(5))).travel()
    machine.next_output()
    with pytest.raises(MomentError, match="nothing was sent for any input after 0; the run has"):
        machine.next_output()
    with pytest.raises(MomentError, match="no input after 0 ended in an error; the run has"):
        machine.next_error()
    with pytest.raises(MomentError, match="no input 5: input 0 is where you are"):
        machine.step(5)


def test_a_run_without_outputs_says_so():
    """Of all of it."""

    class Mute(Handler):
        def point(self, point):
            return None

    machine = walks.run_of(Mute, numbers(1, 2)).travel()
    with pytest.raises(MomentError, match="nothing was sent for any input of this run; the run"):
        machine.next_output()


def test_a_run_that_was_interrupted_is_walked_to_where_it_was():
    """The input that was under way is the last."""

    class Broken(Handler):
        def point(self, point, state):
            state["n"] = state.get("n", 0) + 1
            if state["n"] == 3:
                raise KeyboardInterrupt
            yield point

    with pytest.raises(KeyboardInterrupt):
        simulate(Broken, numbers(1, 2, 3, 4))
    moment = last_run().travel().next_error()
    assert (moment.position, moment.interrupted, moment.doubts) == (2, True, ())
    assert "the run was interrupted here" in repr(moment)
    assert last_run().travel().go(1).outputs


def test_an_error_at_the_end_of_the_stream_is_no_inputs():
    """It is told, and the inputs can be walked."""

    class BadSnapshot(Handler):
        def snapshot(self):
            return "text"

    run = simulate(BadSnapshot, numbers(1, 2), errors="keep")
    with pytest.raises(MomentError, match=r"no input was at fault; the run was ended by: .*bytes"):
        run.travel().next_error()
    assert not run.travel().last().doubts


def test_outputs_at_the_end_of_the_stream_belong_to_the_last_input():
    """They are shown with it, and raise no doubt although no replay gets them."""

    class Late(Handler):
        def point(self, point):
            if point.fields["x"] == 2.0:
                self.emit(point.copy())
            yield point

    moment = simulate(Late, numbers(1, 2)).travel().last()
    assert len(moment.outputs) == 2
    assert not moment.doubts


def test_the_text_has_fixed_columns():
    """And is the same each time, for notebooks that are compared."""
    text = repr(failed().next_error()).replace("float division", "division")  # as of Python 3.14
    assert text.splitlines() == [
        "Moment: input 2 of 0…2: 1970-01-01T00:00:02Z, group 'host=a'",
        "  input   Point(m host=a 1970-01-01T00:00:02Z x=2.0)",
        "  state   {'n': 3}",
        "  change  state['n']  2 → 3",
        "  output  nothing",
        "  error   ZeroDivisionError: division by zero (in Shared.share, line 38 of "
        "test_moments.py: return 1 / (value - 2.0) + len(secret))",
        "  local   self    <test_moments.Shared object>",
        "  local   value   2.0",
        "  local   secret  [2.0, 2.0, 2.0]",
    ]


def test_one_official_object_for_all_runs_is_refused():
    """It holds the state of all of them."""
    from kapnb.compat.agent import Agent

    official = zoo.official_counter(keeps=True)(Agent())
    with pytest.raises(MomentError, match="give the class"):
        simulate(official, numbers(1)).travel()
