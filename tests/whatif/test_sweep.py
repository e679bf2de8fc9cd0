"""All combinations run, on the same data, each as if it were alone."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kapnb
from kapnb import Handler, Option, Point, SourceError, simulate, sweep
from kapnb.whatif import _workers

forking = pytest.mark.skipif(sys.platform != "linux", reason="needs a safe fork, as on Linux")


def outputs(run):
    return [(output.item, output.input) for output in run.outputs]


def test_each_run_is_what_simulate_gives(handlers, points):
    """Outputs with their inputs, frame, state at the end, info."""
    data = points(40, groups=2)

    found = sweep(handlers.Peak, data, group_by="host", limit=[3.0, 7.0], workers=1)

    for run in found.runs:
        alone = simulate(handlers.Peak, data, group_by="host", options=run.options)
        assert outputs(run) == outputs(alone)
        assert list(run.inputs) == list(alone.inputs)
        assert run.frame.equals(alone.frame)
        assert run.input_frame.equals(alone.input_frame)
        assert run.snapshot == alone.snapshot
        assert run.info == alone.info


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=forking)])
def test_batches_are_swept_as_points_are(handlers, points, workers):
    """Their points come back complete from another process."""
    data = points(30, groups=3)

    found = sweep(handlers.Means, data, group_by="host", limit=[2.0, 8.0], workers=workers)

    for run in found.runs:
        alone = simulate(handlers.Means, data, group_by="host", options=run.options)
        assert outputs(run) == outputs(alone)
    assert found.table["in"].tolist() == [30, 30]
    assert found.table["out"].tolist() == [21, 3]


def test_a_dataframe_is_read_once_and_stays_as_it_is(handlers):
    """Its label column is kept from the Handler."""
    index = pd.date_range("2026-01-01", periods=6, freq="1s", tz="UTC")
    frame = pd.DataFrame({"x": [0.0, 9.0, 1.0, 8.0, 2.0, 7.0], "bad": [0, 1, 0, 1, 0, 0]}, index)
    before = frame.copy()

    found = sweep(handlers.Peak, frame, labels="bad", limit=[5.0, 7.5], workers=1)

    assert frame.equals(before)
    assert "bad" not in found.runs[0].inputs[0].fields
    assert found.table["precision"].tolist() == pytest.approx([2 / 3, 1.0])


def test_an_iterator_serves_all_runs(handlers, points):
    """It is read once and kept."""
    found = sweep(handlers.Peak, iter(points(20)), limit=[3.0, 4.0], workers=1)

    assert found.table["in"].tolist() == [20, 20]


def test_data_that_cannot_be_read_end_the_sweep(handlers, tmp_path):
    """There is nothing to run on."""
    with pytest.raises(SourceError, match="no such file"):
        sweep(handlers.Peak, tmp_path / "none.csv", limit=[1.0], workers=1)


# ------------------------------------------------------------------------- independence


class Unsteady(Handler):
    """Depends on chance, and on a class attribute that outlives its objects."""

    seen: list[float] = []  # noqa: RUF012
    scale = Option(int, default=1)

    def point(self, point):
        self.seen.append(point.fields["x"])
        yield point.with_fields(chance=random.random() * self.scale, seen=len(self.seen))


@forking
def test_what_outlives_a_run_does_not_reach_the_next(points):
    """Chance and class attributes begin anew in each, in any number of processes."""
    one = sweep(Unsteady, points(5), scale=[1, 2, 3], workers=1)
    two = sweep(Unsteady, points(5), scale=[1, 2, 3], workers=2)

    assert [run.outputs[-1].item.fields["seen"] for run in one] == [5, 5, 5]
    assert [outputs(run) for run in one] == [outputs(run) for run in two]
    assert Unsteady.seen == []


@forking
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    limits=st.lists(st.floats(0, 10), min_size=1, max_size=4, unique_by=repr),
    every=st.lists(st.integers(1, 5), min_size=1, max_size=2, unique=True),
    count=st.integers(1, 60),
    labelled=st.booleans(),
)
def test_the_result_does_not_depend_on_the_number_of_workers(
    handlers, points, limits, every, count, labelled
):
    """The same table, the same outputs, the same text."""
    data = points(count, groups=2)
    labels = [number % 10 > 7 for number in range(count)] if labelled else None
    both = [
        sweep(
            handlers.Peak,
            data,
            labels=labels,
            group_by="host",
            limit=limits,
            every=every,
            workers=workers,
        )
        for workers in (1, 2)
    ]

    one, two = both
    assert one.table.equals(two.table)
    assert [outputs(run) for run in one] == [outputs(run) for run in two]
    assert repr(one) == repr(two)
    assert one._repr_html_() == two._repr_html_()


def test_what_a_handler_prints_is_kept_with_its_run(points, capsys):
    """And not mixed with that of the others."""

    class Talking(Handler):
        size = Option(int)

        def init(self):
            print(f"size is {self.size}")

    found = sweep(Talking, points(2), size=[5, 6], workers=1)

    assert [run.printed for run in found] == ["size is 5\n", "size is 6\n"]
    assert capsys.readouterr().out == ""


def test_the_environment_is_set_while_the_handler_is_asked_and_run(points):
    """And not afterwards."""

    class Placed(Handler):
        size = Option(int)

        def info(self):
            assert os.environ["PLACE"] == "here"
            return super().info()

        def point(self, point):
            yield point.with_fields(place=os.environ["PLACE"])

    found = sweep(Placed, points(1), size=[1, 2], env={"PLACE": "here"}, workers=1)

    assert [run.outputs[0].item.fields["place"] for run in found] == ["here", "here"]
    assert "PLACE" not in os.environ


# ------------------------------------------------------------------------------ failures


class Fragile(Handler):
    """Fails, or takes its process along."""

    how = Option(str)

    def point(self, point):
        if point.fields["x"] == 3.0:
            if self.how == "raises":
                raise ValueError("three")
            if self.how == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "exits":
                os._exit(7)
        yield point


def test_an_error_stays_in_its_row(points):
    """With what came before it; the others run on."""
    found = sweep(Fragile, points(5), how=["fine", "raises", "well"], workers=1)

    assert found.table["out"].tolist() == [5, 3, 5]
    assert found.table["error"].tolist()[::2] == ["", ""]
    assert "three" in found.table["error"][1]
    assert type(found.runs[1].error) is kapnb.HandlerError
    assert "1 failed" in repr(found)


@forking
def test_a_process_that_dies_costs_its_own_row(points):
    """The combinations after it get another."""
    found = sweep(Fragile, points(5), how=["dies", "a", "exits", "b", "c"], workers=2)

    errors = found.table["error"].tolist()
    assert errors[0] == "HandlerError: the process that ran it was ended by SIGKILL"
    assert errors[2] == "HandlerError: the process that ran it exited with status 7"
    assert found.table["out"].tolist() == [0, 5, 0, 5, 5]


class Interrupted(Handler):
    """Is interrupted with the second value of its option."""

    turn = Option(int)
    signals = Option(default=False)

    def point(self, point):
        if self.turn == 2:
            if self.signals:
                os.kill(os.getppid(), signal.SIGINT)
                time.sleep(60)
            raise KeyboardInterrupt
        yield point


def test_an_interrupt_keeps_what_is_complete(points):
    """As a Sweep that says what is missing."""
    with pytest.raises(KeyboardInterrupt, match="last_run"):
        sweep(Interrupted, points(4), turn=[1, 2, 3], workers=1)

    left = kapnb.last_run()
    assert repr(left) == (
        "Sweep(Interrupted: 3 combinations of turn (3), 4 points each; interrupted, 2 not run)"
    )
    assert left.table["out"].tolist() == [4]


@forking
def test_ctrl_c_ends_all_workers(points):
    """Even those that are in the midst of something, and none is left behind."""
    import multiprocessing

    with pytest.raises(KeyboardInterrupt):
        sweep(Interrupted, points(4), options={"signals": True}, turn=[2, 1], workers=2)

    assert multiprocessing.active_children() == []
    assert kapnb.last_run().interrupted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@forking
def test_beside_a_thread_of_ours_nothing_is_forked(handlers, points):
    """It may hold a lock that the fork would never see opened; a warning says so."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="kapnb-test")
    thread.start()
    try:
        with pytest.warns(RuntimeWarning, match="kapnb-test is running"):
            found = sweep(handlers.Peak, points(4), limit=[1.0, 2.0])
    finally:
        done.set()
        thread.join()

    assert found.table["out"].tolist() == [2, 1]


def test_workers_are_as_many_as_processors_and_combinations_allow(monkeypatch):
    """And not more than were asked for."""
    monkeypatch.setattr(_workers, "_processors", lambda: 8)
    monkeypatch.setattr(_workers, "_obstacle", lambda: "")

    assert _workers.worker_count(None, 3) == 3
    assert _workers.worker_count(None, 30) == 8
    assert _workers.worker_count(2, 30) == 2
    assert _workers.worker_count(None, 1) == 1
    with pytest.raises(ValueError, match="at least 1"):
        _workers.worker_count(0, 3)


def test_where_nothing_can_be_forked_it_runs_here(monkeypatch, handlers, points):
    """Silently, unless workers were asked for."""
    monkeypatch.setattr(_workers, "_obstacle", lambda: "no fork here")

    assert len(sweep(handlers.Peak, points(4), limit=[1.0, 2.0])) == 2
    with pytest.warns(RuntimeWarning, match="no fork here"):
        sweep(handlers.Peak, points(4), limit=[1.0, 2.0], workers=2)


# ------------------------------------------------------------------------------- results


def test_runs_are_found_by_their_options(handlers, points):
    """By as many as it takes; else it is said what there is."""
    found = sweep(handlers.Peak, points(9), limit=[1.0, 2.0], every=[1, 2], workers=1)

    assert found.run(limit=2.0, every=1) is found.runs[2]
    with pytest.raises(KeyError, match="2 runs have limit=2"):
        found.run(limit=2.0)
    with pytest.raises(KeyError, match="0 runs have limit=7"):
        found.run(limit=7.0)


def test_a_run_has_a_transcript_by_running_once_more(handlers, points):
    """Only what went in and out was kept."""
    data = points(9)
    run = sweep(handlers.Peak, data, limit=[4.0], workers=1).runs[0]

    assert (
        list(run.transcript)[1:]
        == list(simulate(handlers.Peak, data, options={"limit": 4.0}).transcript)[1:]
    )


def test_a_run_can_be_walked(points):
    """By running it once more, too."""

    class Counted(Handler):
        step = Option(int)

        def group_state(self):
            return {"n": 0}

        def point(self, point, state):
            state["n"] += self.step

    run = sweep(Counted, points(5), step=[1, 10], workers=1).run(step=10)

    assert run.travel().go(3).after == {"n": 40}


def test_text_and_html_do_not_tell_the_time(handlers, points):
    """How long a run took is in `seconds` alone: saved notebooks are compared."""
    both = [sweep(handlers.Peak, points(9), limit=[1.0, 4.0], workers=1) for _ in range(2)]

    assert repr(both[0]) == repr(both[1])
    assert both[0]._repr_html_() == both[1]._repr_html_()
    assert both[0].table.equals(both[1].table)
    assert all(seconds > 0 for seconds in both[0].seconds)


def test_an_option_called_as_a_column_keeps_its_own(points):
    """The column of results has the name."""

    class Odd(Handler):
        out = Option(int)

    found = sweep(Odd, points(2), grid={"out": [1, 2]}, workers=1)

    assert list(found.table) == ["out (option)", "in", "out", "error"]


def test_a_sweep_is_not_recorded_for_an_export(monkeypatch, tmp_path, handlers, points):
    """An export replays what `simulate` ran."""
    monkeypatch.setenv("KAPNB_RECORD_SIMULATIONS_TO", str(tmp_path))

    sweep(handlers.Peak, points(4), limit=[1.0, 2.0], workers=1)

    assert list(tmp_path.iterdir()) == []


def test_a_sweep_without_any_alert_says_so():
    """A misspelt field would look like detectors that find nothing."""
    data = [Point({"x": float(n), "odd": n > 6}, time=n) for n in range(10)]
    found = sweep(Handler, data, labels="odd", alert="alram", workers=1)
    assert "no output of any is an alert" in repr(found)
    assert "no output of any is an alert" in found._repr_html_()
    assert "is an alert" not in repr(sweep(Handler, data, labels="odd", alert="x", workers=1))
