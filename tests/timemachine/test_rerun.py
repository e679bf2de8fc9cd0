"""The rest of a run, from the state of then, with another definition."""

from __future__ import annotations

import random
from collections import deque

import numpy as np
import pandas as pd
import pytest

import handlers_of_faults as zoo
import walks
from kapnb import (
    BATCH,
    Handler,
    MomentError,
    Option,
    OptionError,
    Point,
    SnapshotError,
    last_run,
    simulate,
)


def average(*, factor=1.0, default=5, policy="fresh", more=None):
    """Return a new definition, as a cell that was edited gives one."""

    class Average(Handler):
        restore_policy = policy
        size = Option(int, default=default)

        def group_state(self):
            return deque(maxlen=self.size)

        def point(self, point, state):
            state.append(point.fields["x"])
            yield point.with_fields(mean=factor * sum(state) / len(state))

    if more:
        Average.more = Option(int, default=1)
        Average = type("Average", (Average,), {"more": Option(int, default=1)})
    return Average


def means(run):
    return [output.item.fields["mean"] for output in run.outputs]


@pytest.mark.parametrize("data", ["points", "frame"])
def test_the_rest_goes_on_from_the_state_of_then(data):
    """The same definition gives what the run gave; its input 0 is input `since`."""
    items = zoo.points(40)
    if data == "frame":
        items = pd.DataFrame(
            {"x": [point.fields["x"] for point in items], "host": ["a", "b"] * 20},
            index=pd.to_datetime([point.time for point in items], utc=True, unit="ns"),
        )
    run = walks.run_of(average(), items, group_by="host")
    again = run.travel().rerun(since=23)
    assert again.since == 23
    assert len(again.inputs) == 17
    assert list(again.inputs) == list(run.inputs[23:])
    assert means(again) == means(run)[23:]
    assert [output.input for output in again.outputs] == list(range(17))
    assert again.snapshot == run.snapshot
    assert not again.travel().last().doubts


def test_a_mended_definition_runs_on_from_where_the_machine_is():
    """That is the default; the past is the old definition's."""
    run = walks.run_of(average(), zoo.points(20), group_by="host")
    machine = run.travel()
    machine.go(11)
    again = machine.rerun(average(factor=10.0))
    assert means(again) == [10 * mean for mean in means(run)[11:]]


def fragile(*, mended):
    """Return a Handler that counts, and fails at the value 4 unless it is mended."""

    class Fragile(Handler):
        def point(self, point, state):
            state["n"] = state.get("n", 0) + 1
            if point.fields["x"] == 4.0 and not mended:
                raise ValueError("four")
            yield point.with_fields(n=state["n"])

    return Fragile


def nine(kind):
    points = [
        Point(
            {"x": float(number)},
            time=number * zoo.SECOND,
            name="m",
            tags={"host": "ab"[number % 2]},
        )
        for number in range(9)
    ]
    if kind == "frame":
        rows = [{"x": point.fields["x"], **point.tags} for point in points]
        return pd.DataFrame(rows, pd.to_datetime([point.time for point in points], utc=True))
    return iter(points) if kind == "iterator" else points


@pytest.mark.parametrize("kind", ["frame", "points", "iterator"])
def test_a_run_that_failed_goes_on_with_what_it_never_got(kind):
    """The error is mended, and the data go on to their end, as if it had never been."""
    run = simulate(fragile(mended=False), nine(kind), group_by="host", errors="keep")
    whole = simulate(fragile(mended=True), nine(kind), group_by="host")
    machine = run.travel()
    machine.next_error()

    again = machine.rerun(fragile(mended=True))

    assert (len(run.inputs), again.since, len(again.inputs)) == (5, 4, 5)
    assert walks.looks(again.inputs) == walks.looks(whole.inputs[4:])
    assert walks.looks([one.item for one in again.outputs]) == walks.looks(
        [one.item for one in whole.outputs[4:]]
    )
    assert again.snapshot == whole.snapshot
    third = again.travel().rerun(fragile(mended=True), since=2)
    assert len(third.inputs) == 3


def test_a_rerun_that_fails_again_goes_on_from_there():
    """Step by step through the errors of the data."""
    run = simulate(fragile(mended=False), nine("points"), errors="keep")
    again = run.travel().rerun(fragile(mended=False), since=2, errors="keep")
    assert len(again.inputs) == 3
    third = again.travel().rerun(fragile(mended=True), since=1)
    assert [one.item.fields["n"] for one in third.outputs] == [4, 5, 6, 7, 8, 9]


def test_data_that_were_changed_since_are_not_gone_on_with():
    """Which is said; what the run had got is run."""
    frame = nine("frame")
    run = simulate(fragile(mended=False), frame, errors="keep")
    frame.iloc[4, 0] = 3.5
    with pytest.warns(RuntimeWarning, match="the data were changed since the run"):
        again = run.travel().rerun(fragile(mended=True), since=3)
    assert [item.fields["x"] for item in again.inputs] == [3.0, 4.0]


def test_a_run_that_was_interrupted_is_not_gone_on_with():
    """Whoever stopped it wanted no more of it."""

    def counting(*, stops):
        class Counting(Handler):
            def point(self, point):
                if point.fields["x"] == 4.0 and stops:
                    raise KeyboardInterrupt
                yield point

        return Counting

    with pytest.raises(KeyboardInterrupt):
        simulate(counting(stops=True), nine("points"))
    again = last_run().travel().rerun(counting(stops=False), since=2)
    assert [item.fields["x"] for item in again.inputs] == [2.0, 3.0, 4.0]


def test_a_rerun_can_be_walked_and_rerun():
    """It is a Simulation like any other."""
    run = walks.run_of(average(), zoo.points(20), group_by="host")
    again = run.travel().rerun(since=5)
    third = again.travel().rerun(since=4)
    assert means(third) == means(run)[9:]


def test_batches_and_udfs_of_tasks_are_rerun():
    """Inputs are as they were when they reached the Handler."""
    run = walks.run_of(walks.Spans, zoo.batches())
    again = run.travel().rerun(since=6)
    assert walks.looks([one.item for one in again.outputs]) == walks.looks(
        [one.item for one in run.outputs if one.input >= 6]
    )
    script = "stream|from().measurement('m').groupBy('host')@average()|httpOut('o')"
    task = simulate(average(), zoo.points(20), tick=script)
    assert means(task.travel().rerun(since=7)) == means(task.udf())[7:]


def test_the_official_api_is_rerun_from_its_own_snapshot():
    """Which holds what it holds on itself."""
    run = walks.run_of(zoo.official_counter(keeps=True), zoo.points(9))
    again = run.travel().rerun(since=4)
    assert [one.item.fields["count"] for one in again.outputs] == [5, 6, 7, 8, 9]


def refused(run, *arguments, **settings):
    with pytest.raises(SnapshotError) as caught:
        run.travel().rerun(*arguments, since=5, **settings)
    return str(caught.value)


def test_other_options_are_refused_by_name():
    """A full window of five does not become one of seven."""
    run = walks.run_of(average(), zoo.points(20), group_by="host")
    head = "the state before input 5 does not fit Average as it is now: "
    assert refused(run, options={"size": 7}) == f"{head}option size was 5, is 7"
    assert refused(run, average(default=6)) == f"{head}option size was 5, is 6"
    assert refused(run, average(more=True)) == f"{head}option more is new"
    assert refused(run, average(default=6, policy="strict")).startswith(head)
    assert refused(run, zoo.Average).endswith("handler was Average, is Average") is False


def test_a_tolerant_definition_takes_what_it_can():
    """As it would under Kapacitor, and the run says what it did not."""
    run = walks.run_of(average(), zoo.points(20), group_by="host")
    again = run.travel().rerun(average(default=6, policy="tolerant"), since=5)
    assert means(again)[0] == means(run)[5]
    assert any("not used as it is" in text for text in again.warnings)


def test_another_handlers_state_is_refused():
    """Its name is part of a snapshot."""
    run = walks.run_of(zoo.Counted, zoo.points(9), group_by="host")
    assert "handler was Counted, is Mirror" in refused(run, zoo.Mirror)


def test_what_no_snapshot_keeps_is_refused_by_name():
    """Attributes and globals would be lost, and the run would go on from another state."""
    text = refused(walks.run_of(zoo.InObject, zoo.points(9), group_by="host"))
    assert "is not all in a snapshot: self.last changed since the start" in text
    assert "global SEEN changed" in refused(walks.run_of(walks.InGlobal, zoo.points(9)))


def test_random_numbers_that_no_snapshot_keeps_are_refused_too():
    """A fresh generator would begin anew, and the rest would be another."""

    class Drawing(Handler):
        def init(self, options):
            self.chance = random.Random(3)

        def point(self, point):
            yield point.with_fields(chance=self.chance.random())

    run = walks.run_of(Drawing, zoo.points(9))
    assert "self.chance changed since the start" in refused(run)


def test_where_there_is_no_snapshot_the_reason_is_told():
    """Of a state that none can hold, and of a Handler that gives none."""
    text = refused(walks.run_of(zoo.Unkept, zoo.points(9), group_by="host"))
    assert "there is no snapshot" in text
    assert "state['lambda']" in text
    assert "there is no snapshot" in refused(
        walks.run_of(zoo.official_counter(keeps=False), zoo.points(9))
    )


def test_a_snapshot_that_raises_is_told_with_its_error():
    """User code of the run's Handler, called for the first time outside a run's end."""

    class Own(Handler):
        def point(self, point):
            self.last = point.time

        def snapshot(self):
            if self.last < 8 * zoo.SECOND:
                raise ValueError("too early")
            return b"late"

        def restore(self, snapshot):
            self.last = 0

    text = refused(walks.run_of(Own, zoo.points(20)))
    assert text.startswith("the state before input 5 cannot be taken: ")
    assert "too early" in text


def test_a_state_that_is_not_known_is_refused():
    """A run that cannot be repeated has no state of then."""
    assert "is not known: led there once more" in refused(walks.run_of(zoo.Random, zoo.points(9)))


def test_a_definition_that_cannot_start_says_why():
    """Its own error is raised, not one about states."""
    run = walks.run_of(average(), zoo.points(9), group_by="host")
    with pytest.raises(OptionError, match="wrong"):
        run.travel().rerun(options={"wrong": 1}, since=3)


@pytest.mark.parametrize(
    ("made", "makes", "text"),
    [
        (lambda: deque(maxlen=3), dict, "a group's state is a deque, group_state() makes a dict"),
        (
            lambda: deque(maxlen=3),
            lambda: deque(maxlen=7),
            "a group's deque has maxlen=3, group_state() makes 7",
        ),
        (
            lambda: {"n": 0},
            lambda: {"n": 0, "mean": 0.0},
            "a group's state has no 'mean', which group_state() makes now",
        ),
        (
            lambda: np.zeros(3),
            lambda: np.zeros((2, 2)),
            "a group's array is 3 x float64, group_state() makes 2 x 2 x float64",
        ),
    ],
)
def test_a_state_of_another_make_is_refused(made, makes, text):
    """Restored, it would go on as it is, and the new code would fail on it or be wrong."""
    run = walks.run_of(keeper(made), zoo.points(9))
    head = "the state before input 5 does not fit Keeper as it is now: "
    assert refused(run, keeper(makes)) == f"{head}{text}"
    assert len(run.travel().rerun(keeper(made), since=5).inputs) == 4
    assert len(run.travel().rerun(keeper(makes), since=0).inputs) == 9


def test_a_state_that_does_not_compare_is_rerun():
    """An array has no truth, and what is equal to it is nobody's business here."""

    class Summed(Handler):
        def group_state(self):
            return np.zeros(3)

        def point(self, point, state):
            state[0] += point.fields["x"]
            yield point.with_fields(sum=float(state[0]))

    run = walks.run_of(Summed, zoo.points(9))
    again = run.travel().rerun(since=4)
    assert [repr(one.item) for one in again.outputs] == [repr(one.item) for one in run.outputs[4:]]


def keeper(make):
    class Keeper(Handler):
        def group_state(self):
            return make()

        def point(self, point, state):
            yield point

    return Keeper


def test_it_is_rerun_from_a_time_as_one_goes_to_a_time():
    """What `go` takes, and refuses, `since` does."""
    run = walks.run_of(average(), zoo.points(9))
    machine = run.travel()
    time = run.inputs[4].time
    assert machine.rerun(since=pd.Timestamp(time, tz="UTC")).since == machine.go(4).position
    assert machine.rerun(since=-2).since == 7
    for place in (2.5, "yesterday", True):
        with pytest.raises(MomentError):
            machine.rerun(since=place)


def test_another_edge_is_refused_in_kapacitors_words():
    """Batches cannot go where a stream is wanted."""
    run = walks.run_of(walks.Spans, zoo.batches())

    class Spans(Handler):
        wants = provides = BATCH

    assert "Spans" in repr(run.travel().rerun(Spans, since=0))
    with pytest.raises(MomentError, match="there is no input 99"):
        run.travel().rerun(since=99)


def test_errors_are_raised_or_kept():
    """As with `simulate`."""
    run = walks.run_of(walks.Failing, zoo.points(60), group_by="host")
    machine = run.travel()
    machine.next_error()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        machine.rerun()
    again = machine.rerun(errors="keep")
    assert (len(again.inputs), again.travel().next_error().position) == (1, 0)
    with pytest.raises(ValueError, match='"raise" or "keep"'):
        machine.rerun(errors="drop")
