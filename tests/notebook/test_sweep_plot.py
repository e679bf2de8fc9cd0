"""Pictures of sweeps and comparisons: what is drawn, where, and that it can be read."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from kapnb import Handler, Option, Point, compare, sweep
from kapnb.notebook import (
    ComparisonPlot,
    SweepPlot,
    plot_comparison,
    plot_precision_recall,
    plot_sweep,
)


class Over(Handler):
    """Passes on values above a limit."""

    limit = Option(float)
    size = Option(int, default=1)

    def point(self, point):
        if point.fields["x"] > self.limit:
            yield point


@pytest.fixture
def found(points):
    def found(*, labels=True, **varying):
        data = points(40, groups=2)
        marks = [number % 10 > 7 for number in range(40)] if labels else None
        varying = varying or {"limit": [2.5, 5.5, 7.5]}
        return sweep(Over, data, labels=marks, group_by="host", workers=1, **varying)

    return found


def titles(axes):
    return [ax.get_title(loc="left") for ax in axes]


def labels_of(ax):
    return ax.get_legend_handles_labels()[1]


def test_each_run_has_axes_of_its_own_that_share_both_scales(found):
    """So that heights and times can be compared."""
    axes = plot_sweep(found())

    assert titles(axes) == ["limit=2.5", "limit=5.5", "limit=7.5"]
    assert len({ax.get_ylim() for ax in axes}) == len({ax.get_xlim() for ax in axes}) == 1
    assert axes[0].get_ylabel() == "x"
    labels = [ax.get_xlabel() for ax in axes]
    assert labels == ["event time (UTC), from 1970-01-01", "event time (UTC)", "event time (UTC)"]


def test_two_options_make_a_table(found):
    """One row a value of the first, one column a value of the second."""
    axes = plot_sweep(found(size=[1, 2], limit=[2.5, 5.5, 7.5]))

    places = [
        (ax.get_subplotspec().rowspan.start, ax.get_subplotspec().colspan.start) for ax in axes
    ]
    assert places == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [bool(ax.get_xlabel()) for ax in axes] == [False] * 3 + [True] * 3
    assert [bool(ax.get_ylabel()) for ax in axes] == [True, False, False] * 2


def test_it_draws_into_axes_that_are_given(found):
    """Those beyond the runs are switched off; runs beyond are told."""
    figure = Figure()
    four = figure.subplots(2, 2)

    drawn = plot_sweep(found(), four)

    assert list(drawn) == list(four.ravel()[:3])
    assert not four[1, 1].axison

    one = Figure().subplots()
    assert list(plot_sweep(found(), one)) == [one]
    assert one.get_title(loc="right") == "and 2 more runs"


def test_what_is_to_be_found_and_alerts_are_marked(found):
    """A shaded ground, ticks at the bottom."""
    ax = plot_sweep(found())[2]

    labels = dict.fromkeys(labels_of(ax))
    assert list(labels) == ["to be found", "input", "host=h0", "host=h1", "alert"]
    (alerts,) = [line for line in ax.lines if line.get_label() == "alert"]
    assert len(alerts.get_xdata()) == 8
    assert "to be found" not in labels_of(plot_sweep(found(labels=False))[0])


def test_only_the_chosen_run_has_a_frame(found):
    """By the rule of the sweep."""
    result = found()
    assert [ax.spines["top"].get_visible() for ax in plot_sweep(result)] == [False, False, True]

    result.choose("out")

    assert [ax.spines["top"].get_visible() for ax in plot_sweep(result)] == [True, False, False]


def test_groups_differ_by_mark_and_by_a_colour_that_all_can_tell(found):
    """Okabe and Ito's, which do not depend on red and green."""
    ax = plot_sweep(found())[0]
    sent = {line.get_label(): line for line in ax.lines if line.get_label().startswith("host")}

    assert [to_hex(line.get_color()).upper() for line in sent.values()] == ["#0072B2", "#D55E00"]


def test_a_run_without_outputs_or_with_an_error_keeps_its_place(points):
    """And says so."""

    class Broken(Over):
        def point(self, point):
            if self.limit > 5:
                raise ValueError("too high")
            yield from super().point(point)

    axes = plot_sweep(sweep(Broken, points(20), limit=[4.5, 6.5, 2.5], workers=1))

    assert titles(axes) == ["limit=4.5", "limit=6.5", "limit=2.5"]
    assert "HandlerError" in axes[1].texts[0].get_text()


def test_a_sweep_without_any_output_is_drawn(points):
    """Its inputs are."""
    axes = plot_sweep(sweep(Over, points(20), limit=[99.0], workers=1))

    assert len(axes[0].lines) == 1


def test_many_runs_are_too_many(points):
    """The first 24 are drawn, and it is said that there are more."""
    result = sweep(Over, points(3), limit=[float(n) for n in range(30)], workers=1)

    axes = plot_sweep(result)

    assert len(axes) == 24
    assert axes[-1].get_title(loc="right") == "and 6 more runs"


def test_precision_is_drawn_over_recall_with_the_operating_point(found):
    """A ring around the chosen run, and where F1 is the same."""
    result = found()

    ax = plot_precision_recall(result)

    curve, ring, same_f1 = ax.lines
    assert list(curve.get_xdata()) == [run.score.recall for run in result]
    assert list(curve.get_ydata()) == [run.score.precision for run in result]
    assert ring.get_xdata()[0] == result.best().score.recall
    assert "limit=7.5" in ring.get_label()
    x, y = same_f1.get_data()
    assert np.allclose(2 * x * y / (x + y), result.best().score.f1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "recall (share of the labelled points)",
        "precision (share of the alerts)",
    )


def test_runs_that_differ_in_one_option_are_a_curve(found):
    """The one with the most values."""
    ax = plot_precision_recall(found(size=[1, 2], limit=[2.5, 5.5, 7.5]))

    assert labels_of(ax)[:2] == ["size=1", "size=2"]
    assert [len(line.get_xdata()) for line in ax.lines[:2]] == [3, 3]


def test_without_labels_there_is_no_curve(found):
    """Asked for, it is refused; the picture does without."""
    with pytest.raises(ValueError, match="no labels"):
        plot_precision_recall(found(labels=False))
    assert found(labels=False).plot().curve is None


def test_a_picture_shows_itself_with_a_text_that_stays(found):
    """As every picture of this room."""
    plot = found().plot()

    data, metadata = plot._repr_mimebundle_()
    assert isinstance(plot, SweepPlot)
    assert data["text/plain"] == repr(plot) == "SweepPlot(Over: 3 runs)"
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"].keys() == {"width", "height"}
    assert len(plot.axes) == 3
    assert plot.curve is not None


def test_runs_that_could_not_be_judged_are_drawn_and_say_so(points):
    """Their outputs are there; alerts and a place on the curve are not."""

    def alert(point):
        return point.fields["y"] > 3 or 1 / 0

    with pytest.warns(RuntimeWarning, match="1 of 1 runs could not be judged"):
        scored = sweep(Plain, points(9), labels=[8], alert=alert, workers=1)
    plot = scored.plot()

    assert [text.get_text() for text in plot.axes[0].texts] == ["not judged"]
    assert labels_of(plot.axes[0])[:2] == ["input", "y"]
    assert plot.curve.lines[0].get_xdata().size == 0


def test_plot_of_a_sweep_takes_axes(found):
    """And then returns them."""
    axes = Figure().subplots(1, 3)

    assert list(found().plot(axes=axes)) == list(axes)


class Plain(Handler):
    def point(self, point):
        yield point.with_fields(y=point.fields["x"], z=1.0)


class Other(Handler):
    def point(self, point):
        yield point.with_fields(y=point.fields["x"] + (point.fields["x"] > 7), z=1.0)


def test_a_comparison_draws_both_and_marks_where_they_differ(points):
    """The field that differs most often, unless one is named."""
    found = compare(Plain, Other, points(20))

    ax = plot_comparison(found)

    assert ax.get_ylabel() == "y"
    assert labels_of(ax) == ["a: Plain", "b: Other", "4 differences"]
    assert len(ax.lines[-1].get_xdata()) == 4
    assert plot_comparison(found, field="z").get_ylabel() == "z"


def test_a_comparison_counts_the_differences_of_what_it_draws(points):
    """Of some groups, theirs."""
    found = compare(Plain, Other, points(20, groups=2), group_by="host")

    assert labels_of(plot_comparison(found, groups="host=h1"))[-1] == "2 differences"


def test_a_comparison_draws_into_axes_and_shows_itself(points):
    """As `plot_run` does."""
    found = compare(Plain, Plain, points(20))
    ax = Figure().subplots()

    assert found.plot(ax=ax) is ax
    assert labels_of(ax) == ["a: Plain", "b: Plain"]
    assert isinstance(found.plot(), ComparisonPlot)
    assert found.plot()._repr_mimebundle_()[0]["text/plain"] == "ComparisonPlot(Plain and Plain)"


def test_a_field_that_neither_run_has_is_an_error(points):
    """It could only be a mistake."""
    with pytest.raises(ValueError, match="no field 'w'"):
        plot_comparison(compare(Plain, Other, points(5)), field="w")


class Alarm(Handler):
    """Says yes where a value is above a limit, and nothing elsewhere."""

    limit = Option(float)

    def point(self, point):
        if point.fields["x"] > self.limit:
            yield Point({"alarm": True})


def test_a_group_that_answers_in_one_run_only_keeps_its_lines(points):
    """The other group's silence is no reason to leave it out."""
    data = [
        Point({"x": float(n)}, time=n * 10**9, tags={"host": host})
        for n in range(20)
        for host in ("ab" if n < 10 else "a")
    ]
    few, fewer = plot_sweep(sweep(Alarm, data, group_by="host", limit=[6.5, 12.5], workers=1))

    assert labels_of(few) == ["host=a", "host=b"]
    assert labels_of(fewer) == ["host=a"]
    assert not any(text.get_text() for text in (*few.texts, *fewer.texts))


def test_rare_answers_are_marks_though_the_inputs_are_not_drawn(points):
    """A line would say that they came all the time; and the axis reaches over all inputs."""
    data = [Point({"x": float(n % 10)}, time=n * 10**9) for n in range(40)]
    found = sweep(Alarm, data, limit=[7.5, 99.0], workers=1)
    rare, none = plot_sweep(found, fields=["alarm"])

    (line,) = rare.lines
    assert line.get_linestyle() == "None"
    assert len(line.get_xdata()) == 8
    first, last = (limit * 86_400 for limit in rare.get_xlim())
    assert first <= 0 and last >= 39
    assert [text.get_text() for text in none.texts if text.get_text()] == ["no output"]


class Judge(Handler):
    """Says whether values are above a limit."""

    limit = Option(float)

    def point(self, point):
        yield point.with_fields(high=point.fields["x"] > self.limit)


def paused(count=300):
    """Return points with a pause in the middle."""
    times = [n + (n > count // 2) * count // 3 for n in range(count)]
    return [Point({"x": float(n % 10)}, time=time * 10**9) for n, time in enumerate(times)]


def test_lines_of_sweeps_and_comparisons_break_at_pauses():
    """As those of a run do."""
    both = sweep(Over, paused(), limit=[-1.0, -2.0], workers=1)
    axes = [*plot_sweep(both), plot_comparison(compare(both.runs[0], both.runs[1]))]
    for ax in axes:
        lines = [line for line in ax.lines if len(line.get_xdata()) >= 300]
        assert len(lines) == 2
        assert [int(np.isnan(line.get_ydata()).sum()) for line in lines] == [1, 1]


def test_bools_of_sweeps_and_comparisons_have_their_scale():
    """False and True, and no numbers."""
    both = sweep(Judge, paused(), limit=[2.5, 5.5], workers=1)
    comparison = compare(both.runs[0], both.runs[1])
    for ax in (plot_sweep(both)[0], plot_comparison(comparison)):
        assert [tick.get_text() for tick in ax.get_yticklabels()] == ["False", "True"]


def test_events_of_a_comparison_are_not_joined():
    """What answers few inputs is marks; of two at one place both are seen."""
    both = sweep(Over, paused(), limit=[6.5, 7.5], workers=1)
    a, b, _ = plot_comparison(compare(both.runs[0], both.runs[1])).lines
    assert (a.get_linestyle(), b.get_linestyle()) == ("None", "None")
    assert a.get_markersize() > b.get_markersize()
