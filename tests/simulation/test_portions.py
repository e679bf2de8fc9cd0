"""Many points fed at once cannot be told from points fed one by one."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapnb import BATCH, STREAM, Batch, Handler, HandlerError, Option, Point, SourceError, simulate
from kapnb.errors import KapnbError, LocalProtocolError
from kapnb.protocol import ProtobufCodec
from kapnb.simulation import Simulation
from kapnb.simulation._portions import portions


class Mirror(Handler):
    def point(self, point):
        return point


class Various(Handler):
    """Nothing, one, two, changed, made from scratch, emitted, delayed: by turns."""

    def init(self):
        self.seen, self.kept = 0, None

    def point(self, point):
        self.seen += 1
        turn = self.seen % 6
        if turn == 1:
            yield point
        elif turn == 2:
            self.kept = point
        elif turn == 3:
            yield self.kept
            yield point.with_fields(n=self.seen)
        elif turn == 4:
            yield Point({"made": True})
            yield Point({"made": "twice"}, tags={"new": "tag"})
        elif turn == 5:
            self.emit(point)

    def snapshot(self):
        return str(self.seen).encode()


class Pairs(Handler):
    """Lets the first pass, then sends two at once: of portions, too, the very bytes come back."""

    def init(self):
        self.seen, self.kept = 0, None

    def point(self, point):
        self.seen += 1
        if self.seen == 1:
            yield point
        elif self.kept is None:
            self.kept = point
        else:
            yield self.kept
            yield point
            self.kept = None


class Fails(Handler):
    at = Option(int, default=3)

    def init(self):
        self.seen = 0

    def point(self, point):
        self.seen += 1
        yield point
        if self.seen == self.at:
            raise RuntimeError("enough")
        yield point.with_fields(n=self.seen)


class Skips(Fails):
    error_policy = "skip"


class Odd(Handler):
    """Adds what is left out on the wire, and what may not be sent."""

    def point(self, point):
        yield point.with_fields(bad=float("nan"), good=1.0)


class Stateful(Handler):
    def group_state(self):
        return {"count": 0}

    def point(self, point, state):
        state["count"] += 1
        yield point.with_fields(count=state["count"])


class Asynchronous(Handler):
    concurrency = 4

    async def point(self, point):
        return [point, point.with_fields(later=True)]


class ToBatch(Handler):
    wants, provides = STREAM, BATCH

    def point(self, point):
        yield Batch([Point({"one": 1.0})])


class Grouped(Handler):
    wants = provides = BATCH


HANDLERS = [Mirror, Various, Pairs, Fails, Skips, Odd, Stateful, Asynchronous, ToBatch, Grouped]


def one_by_one(handler, data, **settings):
    """Run with a codec of one's own, which is asked for every point."""
    return Simulation(handler, data, codec=ProtobufCodec(deterministic=True), **settings).run()


def together(handler, data, **settings):
    return Simulation(handler, data, **settings).run()


def outcome(run):
    """Return everything a user may look at."""
    return (
        [repr(item) for item in run.inputs],
        [(repr(output.item), output.input, output.item.group) for output in run.outputs],
        [(repr(item), [repr(given) for given in sent]) for item, sent in run.pairs()],
        list(map(str, run.transcript)),
        run.transcript.requests,
        run.transcript.responses,
        len(run.transcript),
        run.snapshot,
        run.warnings,
        repr(run),
        str(run.error),
    )


def points(count):
    return [
        Point({"x": float(n), "n": n}, time=n, name="m", tags={"host": "ab"[n % 2]})
        for n in range(count)
    ]


def frame(count):
    return pd.DataFrame(
        {
            "x": [float(n) for n in range(count)],
            "n": range(count),
            "host": ["a", "b"] * (count // 2),
        },
        index=pd.to_datetime(range(count), unit="s", utc=True),
    )


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.__name__)
@pytest.mark.parametrize("data", [points(40), frame(40)], ids=["points", "frame"])
def test_portions_are_told_from_single_points_by_nothing(handler, data):
    """Inputs, outputs and whose they are, the transcript, snapshot, warnings and error."""
    single = one_by_one(handler, data, group_by="host")
    many = together(handler, data, group_by="host")

    assert outcome(many) == outcome(single)
    assert len(single.inputs) == {Fails: 3, Grouped: 2}.get(handler, 40)
    if handler is not Fails:
        assert len(many.outputs) >= {Grouped: 2}.get(handler, 36)
    pd.testing.assert_frame_equal(many.input_frame, single.input_frame)
    if handler is not Various:  # a tag of its name changes the columns
        pd.testing.assert_frame_equal(many.frame, single.frame)


finite_or_not = st.floats() | st.just(None)
CELLS = {
    "float64": (finite_or_not, "float64"),
    "float32": (st.floats(width=32), "float32"),
    "int64": (st.integers(-(2**63), 2**63 - 1), "int64"),
    "int8": (st.integers(-128, 127), "int8"),
    "uint64": (st.integers(0, 2**63 - 1), "uint64"),
    "Int64": (st.none() | st.integers(-(2**63), 2**63 - 1), "Int64"),
    "Float64": (st.none() | st.floats(allow_nan=False), "Float64"),
    "bool": (st.booleans(), "bool"),
    "boolean": (st.none() | st.booleans(), "boolean"),
    "str": (st.none() | st.text(max_size=3), "str"),
    "string": (st.none() | st.text(max_size=3), "string"),
    "category": (st.none() | st.sampled_from(["u", "v"]), "category"),
    "numbers": (st.none() | st.integers(0, 3), "category"),
    "mixed": (
        st.none() | st.floats() | st.integers(-9, 9) | st.text(max_size=2) | st.booleans(),
        object,
    ),
}
TAGS = ["str", "category", "int8", "mixed", "bool"]


@st.composite
def frames(draw):
    """Draw a frame of awkward columns, one of them whole so that no row is bare."""
    count = draw(st.integers(1, 6))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), max_size=4))
    data = {"whole": pd.Series(draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)))}
    tags = draw(st.lists(st.sampled_from(TAGS), max_size=2))
    for number, kind in enumerate([*kinds, *tags]):
        cells, dtype = CELLS[kind]
        values = draw(st.lists(cells, min_size=count, max_size=count))
        name = f"{'t' if number >= len(kinds) else 'f'}{number}"
        data[name] = pd.Series(values, dtype=dtype)
    times = draw(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=count, max_size=count))
    table = pd.DataFrame(data)
    order = draw(st.permutations(list(table.columns)))
    table = table[order].set_index(
        pd.DatetimeIndex(pd.Series(times, dtype="int64").astype("datetime64[ns]"))
    )
    return table, [name for name in table if name.startswith("t")]


@settings(deadline=None)
@given(
    frames(), st.sampled_from([None, "*", "first"]), st.booleans(), st.sampled_from([Mirror, Odd])
)
def test_any_frame_gives_the_transcript_of_its_points(drawn, group_by, by_measurement, handler):
    """Encoded a column at a time, or a point at a time: nobody can tell."""
    table, tags = drawn
    group_by = (tags[:1] or None) if group_by == "first" else group_by
    more = {"tags": tags, "name": "m", "group_by": group_by, "by_measurement": by_measurement}

    many, single = together(handler, table, **more), one_by_one(handler, table, **more)

    assert outcome(many) == outcome(single)
    pd.testing.assert_frame_equal(many.input_frame, single.input_frame)
    pd.testing.assert_frame_equal(many.frame, single.frame)
    assert list(map(repr, many.inputs)) == list(map(repr, single.inputs))


@pytest.mark.parametrize("run", [together, one_by_one])
def test_a_bad_row_stops_the_run_where_it_is(run):
    """What stands before it has been handled."""
    table = frame(600)
    table.loc[table.index[533], ["x"]] = float("nan")
    table = table[["x"]]

    simulation = Simulation(
        Mirror, table, codec=None if run is together else ProtobufCodec(deterministic=True)
    )
    with pytest.raises(SourceError, match="row 533: no field has a value"):
        simulation.run()

    assert len(simulation.inputs) == len(simulation.outputs) == 533


def test_rows_may_have_their_fields_by_turns():
    """No column is whole, and no row bare: all are handled, over several blocks."""
    nan = float("nan")
    table = pd.DataFrame({"x": [1.0, nan] * 3000, "y": [nan, 2.0] * 3000, "time": range(6000)})

    run = simulate(Mirror, table)

    assert len(run.outputs) == 6000
    assert [dict(output.item.fields) for output in run.outputs[4999:5001]] == [
        {"y": 2.0},
        {"x": 1.0},
    ]
    pd.testing.assert_frame_equal(run.frame[["x", "y"]].reset_index(drop=True), table[["x", "y"]])


@pytest.mark.parametrize("data", ["points", "frame"])
def test_text_that_cannot_cross_stops_the_run_where_it_is(data):
    """A lone surrogate; the points before it are handled."""
    texts = ["fine"] * 5 + ["\ud800"] + ["fine"]
    table = pd.DataFrame({"s": pd.Series(texts, dtype=object), "time": range(7)})
    given = table if data == "frame" else [Point({"s": text}, time=0) for text in texts]
    simulation = Simulation(Mirror, given)

    with pytest.raises(LocalProtocolError, match="cannot be put on the wire"):
        simulation.run()

    assert len(simulation.outputs) == 5


def test_what_a_thread_emits_belongs_to_the_input_at_hand():
    """Also between two portions."""

    class Emits(Handler):
        def point(self, point):
            thread = threading.Thread(target=self.emit, args=(point,))
            thread.start()
            thread.join()

    run = simulate(Emits, frame(20))

    assert [output.input for output in run.outputs] == list(range(20))
    assert [output.item.fields["n"] for output in run.outputs] == list(range(20))


def test_observers_look_after_each_input():
    """And find what has come of it."""
    seen = []

    class Watch:
        def started(self, simulation):
            pass

        def advanced(self, simulation):
            seen.append((len(simulation.inputs), len(simulation.outputs)))

        finished = started

    Simulation(Mirror, frame(6), observers=[Watch()]).run()

    assert seen == [(n, n) for n in range(1, 7)]


def test_an_error_of_the_source_waits_for_what_came_before():
    """So the Handler has seen it."""

    def items():
        yield from range(5)
        raise KapnbError("broken")

    found = []
    with pytest.raises(KapnbError, match="broken"):
        found.extend(portions(items(), nullcontext(), clock=lambda: 0.0))
    assert found == [[0], [1, 2], [3, 4]]


def test_portions_follow_the_handlers_pace():
    """They double while they are quick, and halve when not; a portion is never empty."""
    passed = iter([0, 0, 0, 0, 0, 1, 1, 9, 9, 9, 20, 20, 20])

    sizes = [
        len(part) for part in portions(iter(range(12)), nullcontext(), clock=lambda: next(passed))
    ]

    assert sizes == [1, 2, 4, 2, 1, 2]


def test_inputs_and_outputs_are_sequences():
    """They have a length, slices, and can be compared and joined."""
    run = simulate(Mirror, frame(4))

    assert (len(run.inputs), len(run.outputs)) == (4, 4)
    assert run.inputs[-1].fields["n"] == 3
    assert [item.fields["n"] for item in run.inputs[1:3]] == [1, 2]
    assert run.outputs[1].item == run.inputs[1]
    assert run.inputs == [output.item for output in run.outputs] != run.outputs
    assert [output.input for output in run.outputs[:1] + run.outputs[2:]] == [0, 2, 3]
    assert len(run.outputs + run.outputs[:1]) == 5
    assert run.outputs[0] in run.outputs
    assert repr(run.outputs) == repr(list(run.outputs))
    assert run.inputs != "not points"
    with pytest.raises(IndexError):
        run.outputs[4]


def test_untouched_points_are_kept_once():
    """Transcript, inputs and outputs of a mirror are the same bytes."""
    run = simulate(Mirror, frame(100))

    (exchange, *_) = [burst for burst in run.transcript._bursts if not isinstance(burst, tuple)]
    assert exchange.responses is exchange.requests
    assert run._outputs._items[0] is run.inputs._points[0] is exchange.requests[0]


def test_a_failure_after_the_outputs_of_its_input_is_told_at_that_input():
    """Both what it gave before, and the error, belong to it."""
    with pytest.raises(HandlerError) as caught:
        simulate(Fails, frame(10))
    run = caught.value.simulation
    assert [output.input for output in run.outputs] == [0, 0, 1, 1, 2]
    assert str(run.transcript).splitlines()[-1].startswith("< error")
