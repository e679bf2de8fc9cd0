"""stress finds planted bugs, and finds none where there is none."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import pytest

import handlers_of_faults as handlers
from handlers_of_faults import batches, points
from kapnb import Handler, HandlerError, OptionError, simulate, stress
from kapnb.faults import (
    AbsentFields,
    Duplicates,
    Fault,
    GroupsApart,
    InputFault,
    Kill,
    MapOrder,
    Missing,
    NewField,
    NotANumber,
    Slot,
    SlowHandler,
    TypeFlips,
)
from kapnb.faults._process import open_case
from kapnb.sources import StreamRecording


def run(handler, *faults, data=None, **settings):
    data = points() if data is None else data
    settings.setdefault("group_by", "host")
    return stress(handler, data, faults=faults or None, **settings)


def verdicts(report):
    return {finding.fault: finding.verdict for finding in report.findings}


# -------------------------------------------------------------------- no false alarm


@pytest.mark.parametrize(
    "handler",
    [handlers.Mirror, handlers.Doubled, handlers.Summed, handlers.Average, Handler],
    ids=lambda handler: handler.__name__,
)
@pytest.mark.parametrize("seed", range(5))
def test_a_correct_handler_of_points_is_not_accused(handler, seed):
    """Whatever the seed, of all faults."""
    report = run(handler, seed=seed)

    assert report.failed == []
    report.raise_if_failed()


@pytest.mark.parametrize("handler", [handlers.Counted, handlers.Windowed])
def test_handlers_of_other_kinds_are_not_accused(handler):
    """Asynchronous, and one that makes batches out of points."""
    assert run(handler).failed == []


@pytest.mark.parametrize("seed", range(5))
def test_a_correct_handler_of_batches_is_not_accused(seed):
    """Among the faults are empty batches and one that is cut off."""
    report = run(handlers.Widest, data=batches(), group_by=None, seed=seed)

    assert report.failed == []
    assert report["error within a batch"].verdict == "same"
    assert report["empty batches"].verdict in ("same", "changes")


def test_a_moving_average_over_a_recording_is_not_accused():
    """Real data, of a host under load."""
    recording = Path(__file__).parents[1] / "data" / "recordings" / "host_cpu.srpl"

    report = stress(handlers.Average, islice(StreamRecording(recording), 600), group_by="cpu")

    assert report.failed == []


def test_answers_to_what_a_stateless_handler_got_untouched_stay():
    """Only what a fault touched is answered otherwise."""
    report = run(handlers.Doubled)

    assert [one.text for one in report.findings if "left alone" in one.text] == []
    assert report["missing points"].verdict == "same"


def test_what_a_moving_average_may_change_is_told_apart():
    """Changes, but no failure."""
    report = run(handlers.Average, Missing(), Duplicates(), Kill(after=5))

    assert verdicts(report) == dict.fromkeys(
        ["missing points", "duplicates", "kill between snapshots"], "changes"
    )
    assert "answers to what it left alone changed" in report["missing points"].text


# --------------------------------------------------------------------- planted bugs


def test_fields_taken_by_position_are_found():
    """One point is enough to show it."""
    finding = run(handlers.Positional, NewField())["new field"]

    assert finding.verdict == "unexpected"
    assert len(finding.minimal) == 1
    assert finding.is_minimal
    assert finding.expected != finding.found


def test_an_official_handler_that_goes_by_map_order_is_found():
    """The order of the wire reaches it; a native one never sees it."""
    official = run(handlers.official_positional(), MapOrder())["map order"]
    native = run(handlers.Positional, MapOrder())["map order"]

    assert official.verdict == "unexpected"
    assert len(official.minimal) == 1
    assert native.verdict == "same"


def test_an_absent_field_is_found_with_the_line():
    """And the point that lacks it."""
    finding = run(handlers.Careless, AbsentFields())["absent fields"]

    assert finding.verdict == "fails"
    assert re.search(r"KeyError: no field '[xy]'.*\(in Careless\.point, line \d+", finding.text)
    (point,) = finding.minimal
    assert len(point.fields) == 1


def test_a_division_by_equal_times_is_found():
    """The smallest input is the point and its double."""
    finding = run(handlers.Slope, Duplicates())["duplicates"]

    assert finding.verdict == "fails"
    assert "ZeroDivisionError" in finding.text
    one, other = finding.minimal
    assert one.time == other.time


def test_the_smallest_input_does_not_fail_without_the_fault():
    """Else it would show another mistake of the same line."""

    class Starting(Handler):
        def group_state(self):
            return {"time": None}

        def point(self, point, state):
            first = point.time <= 2 * handlers.SECOND
            step = 0 if first else point.time - state["time"]
            yield point.with_fields(step=1 / (step or 1) if first else 1 / step)
            state["time"] = point.time

    finding = run(Starting, Duplicates())["duplicates"]

    assert finding.verdict == "fails"
    assert simulate_fails(Starting, finding.minimal)
    assert not simulate_fails(Starting, {point.time: point for point in finding.minimal}.values())


def simulate_fails(handler, items):
    return simulate(handler, items, group_by="host", errors="keep").error is not None


@pytest.mark.parametrize(
    ("handler", "lost"),
    [
        (handlers.InGlobal, r"global COUNTS\['host=[ab]'\] was 1, is gone"),
        (handlers.InGlobalNumber, "global TOTAL was 1, is 0"),
        (handlers.InClass, r"class attribute InClass.last\['host=[ab]'\] was .*, is gone"),
        (handlers.InDefault, "default of seen in InDefault.count had 1 items, has 0"),
        (handlers.InObject, r"self.last\['host=[ab]'\] was .*, is gone"),
        (handlers.Rounding, r"group 'host=[ab]'\[0\] was .*, is .*"),
        (
            handlers.closure_handler(),
            r"seen in the closure of .*InClosure.point\['host=[ab]'\] was",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_state_outside_the_snapshot_is_found_and_named(handler, lost):
    """Wherever it hides; two points of one group show it."""
    finding = run(handler, Kill())["kill at a snapshot"]

    assert finding.verdict == "unexpected"
    assert "state is not in the snapshot" in finding.text
    assert len(finding.minimal) == 2
    assert re.match(lost, finding.lost[0])


def test_a_refused_restore_breaks_it_with_two_items():
    """The task could not start again."""

    class Refusing(handlers.Average):
        restore_policy = "strict"

        def restore(self, snapshot):
            raise RuntimeError("not today")

    finding = run(Refusing, Kill())["kill at a snapshot"]

    assert finding.verdict == "fails"
    assert "RuntimeError: not today" in finding.text
    assert len(finding.minimal) == 2


def test_an_empty_snapshot_leaves_the_one_before_in_place():
    """As Kapacitor keeps it; the state is then older than the kill."""

    class Once(handlers.Average):
        def snapshot(self):
            most = max(len(state) for state in self.group_states.values())
            return super().snapshot() if most < 2 else b""

    run_of = Kill(times=1)
    case, simulation = open_case(Once, points(7), group_by="host")

    played = run_of.play(case, simulation.inputs, [1, 5])

    first, last = (simulation.inputs[index].fields["x"] for index in (0, 6))
    assert played.error is None
    assert played.outputs[6][0].fields["mean"] == (first + last) / 2


def test_hidden_state_does_not_outlive_a_report():
    """The module is as it was, and so a second report is the first."""
    handlers.COUNTS["before"] = 7

    once, again = run(handlers.InGlobal), run(handlers.InGlobal)

    assert handlers.COUNTS.pop("before") == 7
    assert handlers.COUNTS == {}
    assert str(once) == str(again)


@pytest.mark.parametrize("seed", range(5))
def test_state_shared_between_groups_is_found(seed):
    """An item of another group and one of its own show it, whatever the seed."""
    finding = run(handlers.Leaking, GroupsApart(), seed=seed)["groups apart"]

    assert finding.verdict == "unexpected"
    assert finding.text.startswith("group 'host=b' is answered otherwise if it comes alone")
    assert [point.tags["host"] for point in finding.minimal] in (["a", "b"], ["b", "a"])


def test_what_one_group_lost_shows_in_another():
    """It got the very same items, and its answers changed."""
    finding = run(handlers.Leaking, OneOfTheFirst())["one of the first"]

    assert finding.verdict == "unexpected"
    assert finding.text == (
        "group 'host=a' got the very same and is answered otherwise: state is shared"
    )
    assert len(finding.minimal) == 1
    assert len(finding.original) == 2
    assert "where without the fault there is:" in list(finding.details())


class OneOfTheFirst(InputFault):
    """The first point never comes."""

    name, reality = "one of the first", "a fault that somebody else wrote"

    def slots(self, items, rng):
        return [Slot(index, item) for index, item in enumerate(items) if index]


def test_state_that_is_shared_on_purpose_is_not():
    """Whoever says so is believed; so is a cap on the number of groups."""

    class Capped(handlers.Average):
        group_cap = 1

    told = run(handlers.Leaking, GroupsApart(), OneOfTheFirst(), shared_state=True)
    capped = run(Capped, GroupsApart())

    assert verdicts(told) == {"groups apart": "not tried", "one of the first": "changes"}
    assert verdicts(capped) == {"groups apart": "not tried"}


def test_a_handler_that_never_repeats_is_judged_by_failures_only():
    """And the report says so."""
    report = run(handlers.Random)

    assert report.failed == []
    assert "answers cannot be compared" in report.note
    assert report["map order"].text == "no failure; the answers cannot be compared"


def test_batches_shrink_to_the_points_that_matter():
    """One batch of one point."""

    class Fragile(handlers.Widest):
        def batch(self, batch, state):
            yield from super().batch(batch, state)
            assert all("x" in point.fields for point in batch.points)

    finding = run(Fragile, AbsentFields(), data=batches(), group_by=None)["absent fields"]

    assert finding.verdict == "fails"
    (batch,) = finding.minimal
    assert len(batch) == 1


def test_half_a_batch_that_counts_is_found():
    """A Handler that remembers outside its state what came before the end."""

    class Hasty(Handler):
        wants, provides = handlers.BATCH, handlers.STREAM
        seen = 0

        def begin_batch(self, begin):
            type(self).seen += 1

        def end_batch(self, end):
            yield handlers.Point({"batches": self.seen})

    report = run(Hasty, data=batches(), group_by=None)

    assert report["error within a batch"].verdict == "unexpected"


def test_skipped_points_are_counted():
    """With error_policy skip nothing fails."""

    class Skipping(handlers.Careless):
        error_policy = "skip"

    finding = run(Skipping, AbsentFields(rate=0.1))["absent fields"]

    assert finding.verdict == "changes"
    assert "12 points skipped by error_policy" in finding.text


# -------------------------------------------------------------------- the deadline


class Clock:
    """Moves on by hand: each look costs a step; every tenth more."""

    def __init__(self, step, peak):
        self.now, self.count, self.step, self.peak = 0.0, 0, step, peak

    def __call__(self):
        self.count += 1
        self.now += self.peak if self.count % 20 == 0 else self.step
        return self.now


@pytest.mark.parametrize(
    ("step", "peak", "verdict", "text"),
    [
        (0.001, 0.001, "same", "every call stays below half the timeout of 10 s"),
        (0.001, 6.0, "at risk", r"item \d+ took 6 s; 12 calls exceed half the timeout"),
        (0.001, 61.0, "fails", r"item \d+ took 61 s, beyond the busy_limit of 60 s"),
        (0.01, 0.01, "at risk", "a full pipe of 689 points before a keepalive"),
    ],
)
def test_calls_are_measured_against_the_deadline(step, peak, verdict, text):
    """On the clock that is passed in; nothing sleeps."""
    fault = SlowHandler(timeout=10, clock=Clock(step, peak))

    finding = run(handlers.Mirror, fault)["keepalive pressure"]

    assert finding.verdict == verdict
    assert re.match(text, finding.text)


# ---------------------------------------------------------------------- the report


def test_a_seed_reproduces_a_report():
    """Another one may give another."""
    assert str(run(handlers.Slope, seed=4)) == str(run(handlers.Slope, seed=4))


def test_faults_without_anything_to_work_on_are_not_tried():
    """No batches, no doubles."""
    data = [handlers.Point({"n": number, "m": 1}, time=number) for number in range(20)]

    report = run(handlers.Mirror, data=data, group_by=None)

    assert report["NaN"].verdict == "not tried"
    assert report["empty batches"].verdict == "not tried"
    assert report["error within a batch"].verdict == "not tried"


def test_one_point_is_enough_data():
    """Where there is nothing to cut or to swap, nothing is tried."""
    report = run(handlers.Average, data=points(1))

    assert report.failed == []
    assert report["kill at a snapshot"].verdict == "not tried"


def test_a_report_reads_well():
    """What broke stands below the table, with the input that shows it."""
    report = run(handlers.Slope, Missing(), Duplicates())

    text = str(report)

    assert text.splitlines()[0] == "Stress of Slope, 120 items, seed 0: 1 of 2 faults break it"
    assert "smallest input that shows it, 2 items:" in text
    assert "in production: A writer that got no answer" in text
    with pytest.raises(AssertionError, match="1 of 2 faults break it"):
        report.raise_if_failed()
    assert str(report["duplicates"]).startswith("duplicates: ZeroDivisionError")
    with pytest.raises(KeyError, match="there are missing points, duplicates"):
        report["nothing"]


def test_a_report_has_html_and_a_frame():
    """HTML escapes what it shows; the frame has a row a fault."""

    class Shouting(Handler):
        def point(self, point):
            if isinstance(point.fields["x"], str):
                raise ValueError("<b>")

    report = run(Shouting, TypeFlips(to="string"), NotANumber())

    text = report._repr_html_()
    assert ">numbers as text</td><td>fails</td>" in text
    assert "ValueError: &lt;b&gt;" in text
    assert "ValueError: <b>" not in text
    assert list(report.frame["verdict"]) == ["fails", "same"]
    assert list(report.frame["minimal"]) == [1, 0]


def test_two_faults_at_once_are_one_row():
    """Under both names."""
    report = run(handlers.Average, Missing() | Duplicates())

    assert verdicts(report) == {"missing points | duplicates": "changes"}


def test_a_handler_that_fails_without_any_fault_is_no_case():
    """Its own error comes out."""

    class Broken(Handler):
        def point(self, point):
            raise RuntimeError("no")

    with pytest.raises(HandlerError, match="RuntimeError: no"):
        run(Broken)


def test_options_are_checked_as_kapacitor_checks_them():
    """Before any fault is tried."""
    with pytest.raises(OptionError, match='no method or property "x"'):
        run(handlers.Mirror, options={"x": 1})


def test_what_is_no_fault_is_refused():
    """With what to do."""

    class Odd(Fault):
        name, reality = "odd", "never"

    with pytest.raises(TypeError, match="derive from InputFault"):
        run(handlers.Mirror, Odd())
