"""Labels, alerts, and how the one meet the other."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from kapnb import Batch, Handler, Option, Point, SourceError, last_run, sweep
from kapnb.sources.synthetic import Series, mixed, step, wave
from kapnb.whatif import Rule, Score

SECOND = 1_000_000_000


def score(found):
    """Return the score of a run, or of a sweep's only one."""
    (run,) = getattr(found, "runs", [found])
    return run.score


def of(hits, false, missed):
    return Score(hits=hits, false=false, missed=missed)


# -------------------------------------------------------------------------------- labels

#: x is 0 … 9; alerts are those above 5.5: 6, 7, 8, 9.
LIMIT = {"limit": [5.5], "workers": 1}


@pytest.mark.parametrize(
    "labels",
    [
        [number in (8, 9, 2) for number in range(10)],
        pd.Series([number in (8, 9, 2) for number in range(10)]),
        [2 * SECOND, (8 * SECOND, 9 * SECOND)],
        ["1970-01-01T00:00:02Z", ("1970-01-01T00:00:08Z", "1970-01-01T00:00:09Z")],
        pd.Series(pd.to_datetime([2, 8, 9], unit="s", utc=True)),
        [datetime.fromtimestamp(number, UTC) for number in (2, 8, 9)],
        pd.to_datetime([2, 8, 9], unit="s").as_unit("us"),
    ],
    ids=["bools", "a Series", "nanoseconds", "text", "times", "datetimes", "an index"],
)
def test_labels_come_in_many_forms(handlers, points, labels):
    """All say the same; an interval has both of its ends."""
    found = sweep(handlers.Peak, points(10), labels=labels, **LIMIT)

    assert score(found) == of(2, 2, 1)


def test_labels_may_be_a_field_of_the_points(handlers, points):
    """It is set by True, numbers but 0, texts; and the Handler does not get it."""
    values = [True, 0, "", 1, "drift", 0.0, float("nan"), 3.5, False, "x"]
    data = [point.with_fields(truth=value) for point, value in zip(points(10), values, strict=True)]

    found = sweep(handlers.Peak, data, labels="truth", **LIMIT)

    assert found.truth.marks == [value in (True, 1, "drift", 3.5, "x") for value in values]
    assert all("truth" not in point.fields for point in found.runs[0].inputs)
    assert "truth" in data[0].fields


def test_synthetic_data_bring_their_labels(handlers):
    """With labels=True."""
    data = mixed(Series("m", {"x": wave(1.0)}, changes=[step(3, 9.0, stop=5)]), seconds=10)

    assert score(sweep(handlers.Peak, data, labels=True, **LIMIT)) == of(2, 0, 0)


def test_labels_follow_their_points_into_batches(handlers, points):
    """Points change their places when they are grouped."""
    data = points(10, groups=2)
    labels = [number in (2, 7, 8) for number in range(10)]

    found = sweep(handlers.Means, data, labels=labels, group_by="host", limit=[6.0], workers=1)

    assert found.truth.times == [number * SECOND for number in (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)]
    assert score(found) == of(2, 1, 1)  # 7, 8; 9; 2


def test_batches_are_labelled_point_by_point(handlers, points):
    """In the order in which they stand."""
    data = points(10)
    batches = [
        Batch(data[:5], name="m", tmax=5 * SECOND),
        Batch(data[5:], name="m", tmax=9 * SECOND),
    ]

    found = sweep(
        handlers.Means, batches, labels=[number > 7 for number in range(10)], limit=[6.0], workers=1
    )

    assert score(found) == of(2, 1, 0)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ("nothing", "no point of the data has a field 'nothing'"),
        ("host", "is a tag; labels are a field"),
        ([True] * 9, "9 labels for 10 points"),
        ([], "labels are empty"),
        (True, "labels=True is for data of kapnb.sources.synthetic"),
        ([(3, 2)], r"labels\[0\]: the interval \(3, 2\) ends before it starts"),
        ([(1, 2, 3)], "an interval has a start and an end"),
        ([1.5], r"labels\[0\] is 1.5; labels are bools, times"),
        ([pd.NaT], r"labels\[0\]: NaT is no time"),
        (["noon"], r"labels\[0\]: 'noon' is no RFC 3339 time"),
    ],
)
def test_labels_that_do_not_fit_are_refused(handlers, points, labels, text):
    """With the place, and what may stand there."""
    with pytest.raises(ValueError, match=text):
        sweep(handlers.Peak, points(10), labels=labels, **LIMIT)


def test_a_column_that_is_missing_is_named_with_those_there_are(handlers):
    """Of a DataFrame."""
    frame = pd.DataFrame({"x": [1.0]}, pd.to_datetime(["2026-01-01T00:00:00Z"]))

    with pytest.raises(
        ValueError, match=r"no column 'bad' with labels in the data \(there are: x\)"
    ):
        sweep(handlers.Peak, frame, labels="bad", **LIMIT)


def test_a_point_needs_more_than_its_label(handlers):
    """Without any other field it could not be sent."""
    with pytest.raises(SourceError, match="no field but its label"):
        sweep(handlers.Peak, [Point({"bad": True}, time=0)], labels="bad", **LIMIT)


# -------------------------------------------------------------------------------- alerts


@pytest.mark.parametrize("alert", ["high", lambda point: point.fields["x"] > 5.5])
def test_alerts_are_what_a_field_or_a_function_says(handlers, points, alert):
    """Of a Handler that passes on all."""
    labels = [number > 7 for number in range(10)]

    found = sweep(handlers.Flagged, points(10), labels=labels, alert=alert, **LIMIT)

    assert score(found) == of(2, 2, 0)
    assert found.table["alerts"].tolist() == [4]


def test_alerts_are_counted_without_labels(handlers, points):
    """If it is said what they are."""
    found = sweep(handlers.Flagged, points(10), alert="high", **LIMIT)

    assert list(found.table) == ["limit", "in", "out", "alerts", "error"]
    assert found.table["alerts"].tolist() == [4]
    assert "alerts" not in sweep(handlers.Flagged, points(10), **LIMIT).table


def far(point):
    """Tell of points that have a limit; others are an error."""
    return point.fields["x"] > point.fields["limit"]


class Bounded(Handler):
    """Says from the fifth point on what the limit is, if it is not 1."""

    limit = Option(float)

    def point(self, point):
        tells = self.limit != 1.0 or point.fields["x"] < 4
        yield point.with_fields(limit=self.limit) if tells else point


def unjudged(points, **settings):
    """Return a sweep of which the second run cannot be judged."""
    labels = [number > 7 for number in range(10)]
    with pytest.warns(RuntimeWarning) as told:
        found = sweep(
            Bounded, points(10), labels=labels, alert=far, limit=[7.5, 1.0, 5.5], **settings
        )
    return found, told


@pytest.mark.parametrize("workers", [1, 2])
def test_an_alert_function_that_raises_costs_that_run_its_score(points, workers):
    """The row names function, combination and point; the others have theirs."""
    found, told = unjudged(points, workers=workers)

    run = found.runs[1]
    assert score(found.runs[0]) == of(2, 0, 0)
    assert run.score is None
    assert run.error is None
    assert len(run.outputs) == 10
    text = found.table["error"][1]
    assert text.startswith("not judged: alert=far, given Point(m host=h0 1970-01-01T00:00:04Z")
    assert " of limit=1.0: " in text
    assert "KeyError" in text
    assert "test_score.py: return point.fields" in text
    assert isinstance(run.unjudged.__cause__, KeyError)
    assert found.table["alerts"].isna().tolist() == [False, True, False]
    assert found.best() is found.runs[0]
    assert "1 not judged" in repr(found)
    assert str(told[0].message).startswith("1 of 3 runs could not be judged")
    assert told[0].filename == __file__


def test_runs_are_judged_anew_without_running(points):
    """By another function, or another match; what there was stays as it is."""
    found, _ = unjudged(points, workers=1)

    anew = found.judge(lambda point: point.fields["x"] > point.fields.get("limit", 5.5))

    assert [score(run) for run in anew.runs] == [of(2, 0, 0), of(2, 4, 0), of(2, 2, 0)]
    assert anew.table["error"].tolist() == ["", "", ""]
    assert anew.runs[1].unjudged is None
    assert found.runs[1].score is None
    assert anew.judge("x", match="events", tolerance="3s").runs[0].score == of(1, 0, 0)
    with pytest.warns(RuntimeWarning, match="1 of 3") as told:
        anew.judge(far)
    assert told[0].filename == __file__


def test_where_no_run_was_judged_there_is_no_best_and_the_reason_is_told(handlers, points):
    """Nor is there an operating point."""
    with pytest.warns(RuntimeWarning, match="1 of 1 runs could not be judged"):
        found = sweep(handlers.Flagged, points(3), labels=[SECOND], alert=far, **LIMIT)
    with pytest.raises(ValueError, match="best f1; 1 of 1 runs were not judged, see their"):
        found.best()
    assert found.operating_point() is None
    assert "1 not judged, alert raised an error" in found._repr_html_()


def test_what_cannot_say_what_is_an_alert_is_refused_before_anything_runs(handlers, points):
    """Rather than afterwards."""
    with pytest.raises(TypeError, match="alert is a field's name or a function of a Point, not 5"):
        sweep(handlers.Peak, points(10), alert=5, limit=["not a number"])


def test_an_answer_that_is_neither_yes_nor_no_is_an_error_of_the_function(handlers, points):
    """As an array of several values is."""
    with pytest.warns(RuntimeWarning, match="alert=<lambda>.*ValueError: .*ambiguous"):
        found = sweep(handlers.Flagged, points(3), alert=lambda point: np.array([1, 2]), **LIMIT)
    assert len(found.runs[0].outputs) == 3


def test_who_interrupts_the_judging_gets_the_runs(handlers, points):
    """And may judge them by something quicker."""

    def endless(point):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="last_run"):
        sweep(handlers.Flagged, points(10), labels=[8 * SECOND], alert=endless, **LIMIT)

    left = last_run()
    assert not left.interrupted
    assert left.runs[0].score is None
    assert score(left.judge("high").runs[0]) == of(1, 3, 0)


class Late(Handler):
    """Reports a point when the next one comes; or a time that no point has."""

    lost = Option(default=False)

    def group_state(self):
        return []

    def point(self, point, state):
        if state and state[-1] > 5.5:
            time = point.time + 1 if self.lost else point.time - SECOND
            yield Point({"found": state[-1]}, time=time)
        state.append(point.fields["x"])


def test_an_alert_marks_the_point_that_has_its_time(points):
    """Though it came while another was handled."""
    labels = [number > 5 for number in range(10)]

    found = sweep(Late, points(10), labels=labels, workers=1)

    assert score(found) == of(3, 0, 1)


def test_an_alert_that_marks_no_point_is_false(points):
    """It found nothing that is there."""
    labels = [number > 5 for number in range(10)]

    found = sweep(Late, points(10), options={"lost": True}, labels=labels, workers=1)

    assert score(found) == of(0, 3, 4)


def test_several_alerts_on_a_point_are_one(points):
    """They are counted in `alerts` only."""

    class Twice(Handler):
        def point(self, point):
            yield point
            yield point

    found = sweep(Twice, points(2), labels=[True, False], workers=1)

    assert score(found) == of(1, 1, 0)
    assert found.table["alerts"].tolist() == [4]


def test_of_two_points_at_one_time_the_one_at_hand_is_marked(points):
    """Not the first that has the time."""
    data = [Point({"x": x}, time=0) for x in (1.0, 9.0)]

    class High(Handler):
        def point(self, point):
            if point.fields["x"] > 5:
                yield point

    assert score(sweep(High, data, labels=[False, True], workers=1)) == of(1, 0, 0)


# -------------------------------------------------------------------------------- events


def events(handlers, points, labels, *, groups=1, **settings):
    return score(
        sweep(
            handlers.Peak,
            points(20, groups),
            labels=[number in labels for number in range(20)],
            match="events",
            group_by="host",
            limit=[8.5],
            workers=1,
            **settings,
        )
    )  # alerts at 9 and 19


def test_an_event_is_found_by_any_alert_within(handlers, points):
    """However long it is."""
    assert events(handlers, points, {7, 8, 9, 10, 11}) == of(1, 1, 0)
    assert events(handlers, points, {7, 8, 9, 15, 16}) == of(1, 1, 1)


def test_a_tolerance_widens_events(handlers, points):
    """On both sides."""
    assert events(handlers, points, {6, 7, 11, 12}) == of(0, 2, 2)
    assert events(handlers, points, {6, 7, 11, 12}, tolerance="1s") == of(0, 2, 2)
    assert events(handlers, points, {6, 7, 11, 12}, tolerance="2s") == of(2, 1, 0)


def test_an_event_belongs_to_one_group(handlers, points):
    """Points of other groups neither split it nor find it."""
    assert events(handlers, points, {7, 9, 11}, groups=2) == of(1, 1, 0)
    assert events(handlers, points, {8, 10}, groups=2) == of(0, 2, 1)


def test_alerts_that_follow_one_another_are_one_alarm(handlers, points):
    """Of one group; so a long false alarm counts once."""
    found = sweep(
        handlers.Peak,
        points(20),
        labels=[number == 0 for number in range(20)],
        match="events",
        limit=[5.5],
        workers=1,
    )

    assert score(found) == of(0, 2, 1)


def test_an_alert_on_no_point_is_an_alarm(points):
    """It may lie within an event, or be false."""
    labels = [number > 5 for number in range(10)]
    settings = {"options": {"lost": True}, "labels": labels, "match": "events", "workers": 1}

    assert score(sweep(Late, points(10), **settings)) == of(1, 1, 0)  # of 7, 8, 9 s and a bit
    assert score(sweep(Late, points(10), **settings, tolerance=1)) == of(1, 0, 0)


def test_a_wrong_match_or_tolerance_is_refused(handlers, points):
    """Before anything runs."""
    with pytest.raises(ValueError, match='"points" or "events"'):
        sweep(handlers.Peak, points(3), match="event", **LIMIT)
    with pytest.raises(ValueError, match="cannot be negative"):
        sweep(handlers.Peak, points(3), tolerance=-1, **LIMIT)


# --------------------------------------------------------------------------------- rules


def test_what_cannot_be_told_is_nan():
    """No alert has no precision, nothing to find no recall."""
    assert math.isnan(of(0, 0, 3).precision)
    assert math.isnan(of(0, 3, 0).recall)
    assert of(0, 3, 3).f1 == 0.0


#: Labels are 6, 8 and 9: the higher the limit, the better the precision, and the worse the recall.
def graded(handlers, points):
    return sweep(
        handlers.Peak,
        points(10),
        labels=[number in (6, 8, 9) for number in range(10)],
        limit=[2.5, 5.5, 7.5, 8.5],
        workers=1,
    )


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        ({}, 5.5),
        ({"by": "f1"}, 5.5),
        ({"by": "precision"}, 7.5),
        ({"recall": 0.6}, 7.5),
        ({"recall": 0.9}, 5.5),
        ({"precision": 0.4}, 5.5),
        ({"precision": 0.9}, 7.5),
        ({"by": "out"}, 2.5),
        ({"by": "out", "smallest": True}, 8.5),
        ({"by": "out", "smallest": True, "recall": 0.5}, 7.5),
    ],
)
def test_the_operating_point_is_chosen_by_a_rule(handlers, points, rule, limit):
    """The largest F1, or the best of what keeps a bound."""
    found = graded(handlers, points)

    assert found.best(**rule).chosen["limit"] == limit
    assert found.choose(**rule).chosen["limit"] == limit
    assert found.best() is found.operating_point() is found.run(limit=limit)


def test_the_chosen_rule_is_told(handlers, points):
    """In text and, as a marked row, in HTML."""
    found = graded(handlers, points)
    assert repr(found).endswith("best f1 0.857 at limit=5.5)")

    found.choose(recall=0.6)

    assert repr(found).endswith("best precision 1 with recall ≥ 0.6 at limit=7.5)")
    assert found._repr_html_().count("border-left") == 1


def test_a_rule_that_nothing_fits_is_an_error(handlers, points):
    """And leaves the rule that was set."""
    found = graded(handlers, points)

    with pytest.raises(ValueError, match="no combination has the best precision with recall"):
        found.choose(recall=1.5)
    with pytest.raises(ValueError, match="no column 'cost'"):
        found.best("cost")
    with pytest.raises(ValueError, match="has no numbers"):
        found.best("error")
    with pytest.raises(ValueError, match="there were no labels"):
        sweep(handlers.Peak, points(3), **LIMIT).best()
    assert found.rule == Rule()


def test_a_run_with_an_error_is_never_chosen(points):
    """It has no score."""

    class Broken(Handler):
        limit = Option(float)

        def point(self, point):
            if point.fields["x"] > 8 and self.limit == 5.5:
                raise ValueError("nine")
            if point.fields["x"] > self.limit:
                yield point

    labels = [number > 5 for number in range(10)]
    found = sweep(Broken, points(10), labels=labels, limit=[5.5, 6.5], workers=1)

    assert found.runs[0].score is None
    assert math.isnan(found.table["f1"][0])
    assert found.best().chosen == {"limit": 6.5}
