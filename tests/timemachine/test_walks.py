"""Any run, any way to any input: what is seen is what a plain replay from the start shows."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handlers_of_faults as zoo
import walks
from kapnb import MomentError, simulate
from kapnb.simulation import _checkpoints
from kapnb.simulation._checkpoints import own_attributes
from kapnb.simulation._node import UdfNode
from kapnb.timemachine._replay import Replay


def recorded(run, position):
    """Return what the run itself sent for an input."""
    return [output.item for output in run.outputs if output.input == position]


@pytest.mark.parametrize("handler", walks.STREAMS, ids=lambda handler: handler.__name__)
@settings(max_examples=6)
@given(
    count=st.integers(1, 60),
    groups=st.sampled_from(["a", "ab", "abc", "abcdef"]),
    data=st.data(),
)
def test_a_jump_leads_to_the_state_of_a_plain_replay(handler, count, groups, data):
    """From any place to any other: state, outputs and the lack of doubts are as if one walked."""
    run = walks.run_of(handler, zoo.points(count, groups), group_by="host")
    plain = walks.states(run)
    assert len(plain) == len(run.inputs)
    replay = Replay(run)
    with walks.dense():
        for _ in range(6):
            position = data.draw(st.integers(0, len(run.inputs) - 1))
            with replay.there():
                assert replay.reach(position)
                given = replay.feed()
                assert walks.told(replay) == plain[position]
            assert replay.differs_at is None
            assert walks.looks(given.outputs) == walks.looks(recorded(run, position))
    replay.stop()


@pytest.mark.parametrize("handler", walks.STREAMS, ids=lambda handler: handler.__name__)
@settings(max_examples=4)
@given(
    ways=st.lists(
        st.one_of(
            st.tuples(st.just("go"), st.integers(-30, 29)),
            st.tuples(st.sampled_from(["step", "back"]), st.integers(1, 5)),
            st.tuples(st.sampled_from(["first", "last", "next_output", "next_error"]), st.none()),
        ),
        max_size=12,
    ),
)
def test_a_walk_of_any_kind_is_consistent(handler, ways):
    """Wherever a way leads, or that it leads nowhere, follows from the place it began at."""
    run = walks.run_of(handler, zoo.points(30), group_by="host")
    machine, twin = run.travel(), run.travel()
    count = len(run.inputs)
    for name, argument in ways:
        before = machine.position
        expected = {
            "go": lambda n=argument: n % count if -count <= n < count else None,
            "step": lambda n=argument: before + n if before + n < count else None,
            "back": lambda n=argument: before - n if before - n >= 0 else None,
            "first": lambda: 0,
            "last": lambda: count - 1,
            "next_output": lambda: next(
                (one.input for one in run.outputs if one.input > before), None
            ),
            "next_error": lambda: next_error(run, before),
        }[name]()
        way = getattr(machine, name)
        if expected is None:
            with pytest.raises(MomentError, match=r"input"):
                way() if argument is None else way(argument)
            assert machine.position == before
            continue
        moment = way() if argument is None else way(argument)
        assert (moment.position, moment.doubts) == (expected, ())
        assert walks.looks(moment.outputs) == walks.looks(recorded(run, expected))
        assert repr(moment) == repr(twin.go(expected))


def next_error(run, before):
    """Return where the next error is, told from the Handler's rule."""
    if run.handler is walks.Failing:
        return 16 * 2 if before < 32 < len(run.inputs) else None
    if run.handler is not walks.Skipping:
        return None
    failed = [at for at in range(len(run.inputs)) if not recorded(run, at)]
    return next((at for at in failed if at > before), None)


def test_batches_are_walked_too():
    """An input of a batch edge is a batch, its time the tmax."""
    run = walks.run_of(walks.Spans, zoo.batches())
    plain = walks.states(run)
    machine = run.travel()
    for position in (7, 2, 11, 3):
        moment = machine.go(position)
        assert moment.time == run.inputs[position].tmax
        assert not moment.doubts
        assert walks.repr_of(moment.after) in plain[position]
        assert walks.looks(moment.outputs) == walks.looks(recorded(run, position))


def test_a_run_that_restored_a_snapshot_is_walked_from_it():
    """The replay begins where the run began."""
    first = simulate(walks.Windowed, zoo.points(10), group_by="host")
    run = simulate(walks.Windowed, zoo.points(10), group_by="host", snapshot=first.snapshot)
    moment = run.travel().first()
    assert moment.before.total == first.travel().go(-2).after.total
    assert not moment.doubts


def test_the_official_api_is_walked_by_its_attributes():
    """There are no group states, and what is on the object is told."""
    run = walks.run_of(zoo.official_counter(keeps=True), zoo.points(9))
    moment = run.travel().go(4)
    assert [str(change) for change in moment.changes] == ["self._count: 4 → 5"]
    assert not moment.doubts


def test_data_of_any_kind_is_walked(tmp_path):
    """A DataFrame's rows, a CSV file, a recording: the same moment."""
    import pandas as pd

    frame = pd.DataFrame(
        {"host": ["a", "b"] * 10, "x": [float(n) for n in range(20)]},
        index=pd.date_range("2026-01-01", periods=20, freq="1s", tz="UTC", unit="ns"),
    )
    frame.index.name = "time"
    path = tmp_path / "m.csv"
    frame.to_csv(path)
    runs = [
        walks.run_of(zoo.Counted, data, group_by="host", name="m") for data in (frame, str(path))
    ]
    moments = [run.travel().go("2026-01-01T00:00:11Z") for run in runs]
    assert [moment.position for moment in moments] == [11, 11]
    assert repr(moments[0].changes) == repr(moments[1].changes)
    assert moments[0].group == "host=b"


def test_a_udf_within_a_task_is_walked():
    """What reached it is walked as if it stood alone."""
    script = """
    stream|from().measurement('m').groupBy('host')
        |eval(lambda: "x" * 2.0).as('x').keep('x')
        @counted()
        |influxDBOut().database('d')
    """
    with walks.dense():
        run = simulate(zoo.Counted, zoo.points(20), tick=script)
    plain = walks.states(run.udf())
    moment = run.travel().go(13)
    assert not moment.doubts
    assert walks.repr_of(moment.after) in plain[13]
    assert moment.input.fields["x"] == 2 * zoo.points(20)[13].fields["x"]


def test_walking_leaves_globals_alone():
    """What the notebook holds is what it held; a later run begins as if nobody had walked."""
    run = walks.run_of(walks.InGlobal, zoo.points(20))
    held, same = list(walks.SEEN), walks.SEEN
    moment = run.travel().go(3)
    assert held == walks.SEEN
    assert walks.SEEN is same
    assert [change.path for change in moment.changes] == ["global SEEN[-1]"]


def test_the_runs_own_objects_stay_as_they_are():
    """A replay works on copies: the Handler of the run is not touched."""
    run = walks.run_of(walks.OnItself, zoo.points(20))
    before = walks.repr_of(own_attributes(run._node.instance))
    machine = run.travel()
    for position in (3, 17, 5):
        machine.go(position)
    assert walks.repr_of(own_attributes(run._node.instance)) == before


def test_steps_back_from_afar_are_short(monkeypatch):
    """Whoever went far leaves a mark behind where it went, even in a run without checkpoints."""
    with patch.object(_checkpoints, "EVERY_S", float("inf")):
        run = simulate(zoo.Counted, zoo.points(3000), group_by="host")
    machine = run.travel()
    monkeypatch.setattr("kapnb.timemachine._replay._EVERY_S", float("inf"))
    assert len(run._checkpoints) == 0
    fed = []
    feed_points = UdfNode.feed_points

    def counted(node, points):
        fed.append(len(points))
        return feed_points(node, points)

    monkeypatch.setattr(UdfNode, "feed_points", counted)
    machine.go(2900)
    assert sum(fed) == 2901
    fed.clear()
    for _ in range(10):
        assert not machine.back().doubts
    assert sum(fed) <= 10 * 257
    for position in (1000, 2000, 600, 2500):
        machine.go(position)
    assert len(machine._replay._marks) == 3
