"""What stands beside the traceback of a run that failed."""

import sys
from types import SimpleNamespace

from kapnb import Handler, HandlerError, OptionError, Point, SourceError
from kapnb.notebook._failure import failure_notes
from shells import run


class Moment(SimpleNamespace):
    def next_error(self):
        return self


def failed(moment, error=None, *, udfs=None):
    """An error of a run that a time machine leads to `moment`."""
    error = error or HandlerError("no")
    view = SimpleNamespace(inputs=[1, 2], travel=moment, error=error, handler=Handler)
    error.simulation = view if udfs is None else SimpleNamespace(udfs={"one": view, **udfs})
    return error


POINT = Point({"x": 1}, time=0, name="m")


def test_the_input_and_the_state_before_it_are_told():
    """As the time machine finds them."""
    moment = Moment(position=7, input=POINT, before={"n": 3}, group="host=a")
    assert failure_notes(failed(lambda: moment)) == [
        "input 7: Point(m 1970-01-01T00:00:00Z x=1)",
        "state of group 'host=a' before it: {'n': 3}",
    ]


def test_a_large_state_is_cut():
    """A traceback is no place for it."""
    moment = Moment(position=7, input=POINT, before=["x" * 1000], group="")
    _, state = failure_notes(failed(lambda: moment))
    assert state.startswith("state of the one group before it: ['xxx")
    assert len(state) < 350


def test_of_a_script_it_is_the_udf_that_failed():
    """The others are well."""
    moment = Moment(position=7, input=POINT, before=None, group="")
    well = SimpleNamespace(inputs=[1], error=None)
    notes = failure_notes(failed(lambda: moment, udfs={"other": well}))
    assert notes == ["input 7: Point(m 1970-01-01T00:00:00Z x=1)"]


def test_what_goes_wrong_on_the_way_does_not_hide_the_error():
    """The Handler runs once more, and may do anything."""

    def travel():
        raise RuntimeError("boom")

    error = failed(travel)
    error.simulation.inputs = [POINT]
    assert failure_notes(error) == [
        "the input: Point(m 1970-01-01T00:00:00Z x=1)",
        "the state before it is not known: RuntimeError: boom",
    ]


def test_other_errors_say_nothing_of_an_input():
    """None is to blame for them."""
    assert failure_notes(ValueError("x")) == []
    assert failure_notes(HandlerError("x")) == []
    for kind in (SourceError, OptionError):
        assert failure_notes(failed(None, kind("x"))) == []
    nothing = failed(None)
    nothing.simulation.inputs = []
    assert failure_notes(nothing) == []


FAILING = """class Fails(Handler):
    def point(self, point):
        yield point.with_fields(share=1 / point.fields["x"])

simulate(Fails, [Point({"x": x}, time=x, name="m") for x in (2, 1, 0)])
"""


def test_a_notebook_shows_it_under_the_traceback(shell):
    """And the error itself stays as it was."""
    shown = run(shell, FAILING)
    assert "ZeroDivisionError" in shown
    assert "Point(m 1970-01-01T00:00:00Z x=0)" in shown
    assert not [note for note in getattr(sys.last_value, "__notes__", ()) if "x=0" in note]
