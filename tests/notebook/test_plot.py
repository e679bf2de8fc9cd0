"""Still plots: the Axes-level function, and the figure that shows itself."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import kapnb.notebook
from kapnb import Handler, Point
from kapnb.notebook import Plot, plot_run
from kapnb.notebook._figure import group_labels
from kapnb.simulation import TaskRun

PNG = b"\x89PNG"


def labels(ax):
    legend = ax.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def test_a_plot_goes_into_the_axes_it_is_given(run):
    """Taken and returned, so that a caller can arrange several."""
    axes = Figure().subplots(1, 2)
    assert plot_run(run(), ax=axes[1]) is axes[1]
    assert not axes[0].lines
    assert len(axes[1].lines) == 2


def test_axes_are_labelled(run):
    """Fields on one axis, time and zone on the other, the Handler above."""
    ax = plot_run(run())
    assert ax.get_ylabel() == "x → mean"
    assert ax.get_xlabel() == "event time (UTC)"
    assert ax.get_title("left") == "Mean"


def test_pyplot_never_hears_of_a_figure():
    """Else a notebook would show it twice, and keep it for ever."""
    code = (
        "import sys\n"
        "from kapnb import Handler, Point, simulate\n"
        "from kapnb.notebook import Plot, plot_run\n"
        "run = simulate(Handler, [Point({'x': 1.0}, time=0)])\n"
        "plot_run(run), Plot(run)._repr_mimebundle_()\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_inputs_are_grey_and_groups_have_colours(run):
    """One colour a group, the same for none."""
    ax = plot_run(run(groups=3))
    inputs, outputs = ax.lines[:3], ax.lines[3:]
    assert len({line.get_color() for line in inputs}) == 1
    assert len({line.get_color() for line in outputs}) == 3
    assert all(line.get_linewidth() < 1 for line in inputs)
    assert labels(ax) == ["input", "host=h0", "host=h1", "host=h2"]


def test_more_groups_than_colours_become_a_number(run):
    """The first six in natural order are drawn; h10 comes after h2."""
    ax = plot_run(run(count=60, groups=12))
    assert labels(ax) == ["input", *(f"host=h{n}" for n in range(6)), "and 6 more groups"]


def test_many_chosen_groups_can_be_told_apart(run):
    """Beyond the colours, line styles differ; the legend has its room."""
    simulation = run(count=800, groups=20)
    groups = [f"host=h{n}" for n in range(20)]
    for ax in (plot_run(simulation, groups=groups), *Plot(simulation, groups=groups).axes):
        looks = {(line.get_color(), line.get_linestyle()) for line in ax.lines[20:]}
        assert len(looks) == 20
        ax.figure.draw_without_rendering()
        assert ax.get_legend().get_window_extent().y0 >= 0
        assert ax.get_window_extent().height > 200


@pytest.mark.parametrize(
    ("pattern", "label"),
    [
        ("cpu=cpu-total,host=server-{},zone=europe-west-1", "…host=server-1…"),
        (f"host={'x' * 20}{{}}{'y' * 20}", "1: host=xxxxx…yyyyyyyyyyyyyy"),
        ("h={}\nb", "h=1 b"),
    ],
    ids=["a dimension", "a part of one", "short"],
)
def test_no_two_groups_have_the_same_name_in_a_legend(pattern, label):
    """What tells long ones apart stays, wherever it is."""
    labels = group_labels([pattern.format(n) for n in "123"])
    assert next(iter(labels.values())) == label
    assert len(set(labels.values())) == 3
    assert max(map(len, labels.values())) <= 28


def test_groups_can_be_chosen(run):
    """Named ones are drawn, in that order."""
    simulation = run(count=60, groups=12)
    assert labels(plot_run(simulation, groups=["host=h11", "host=h3"]))[1:] == [
        "host=h11",
        "host=h3",
    ]
    assert labels(plot_run(simulation, groups="host=h11")) == ["input", "mean", "group host=h11"]


def test_what_is_not_there_is_refused_by_name(run):
    """A typing error gives no empty picture."""
    simulation = run(groups=2)
    with pytest.raises(ValueError, match=r"no group 'h0' .* \(there are: 'host=h0', 'host=h1'\)"):
        plot_run(simulation, groups="h0")
    with pytest.raises(ValueError, match="no field 'meen' with numbers"):
        plot_run(simulation, fields=["x", "meen"])


def test_events_are_points(run, handlers):
    """Outputs that answer few inputs are not joined by a line."""
    given, sent = plot_run(run(handlers.Peak)).lines
    assert given.get_linestyle() == "-"
    assert (sent.get_linestyle(), sent.get_marker()) == ("None", "o")
    assert len(sent.get_xdata()) == 8


def test_events_are_points_without_their_inputs_too(run):
    """A field that only outputs have is drawn alone, if it is asked for."""
    (sent,) = plot_run(run(Alarm, count=300), fields="alarm").lines
    assert (sent.get_linestyle(), sent.get_marker()) == ("None", "o")


def test_batches_are_points_over_the_line_of_their_inputs(run, handlers, batches):
    """One mark a batch where a batch has one point."""
    ax = plot_run(run(handlers.BatchMean, data=batches(6), group_by=None))
    given, sent = ax.lines
    assert ax.get_ylabel() == "x → mean"
    assert len(given.get_xdata()) == 30
    assert (len(sent.get_xdata()), sent.get_linestyle(), sent.get_marker()) == (6, "None", "o")


def gaps(line):
    return int(np.isnan(np.asarray(line.get_ydata(), dtype=float)).sum())


def test_lines_break_where_nothing_was_sent(run):
    """Neither inputs nor outputs are joined over a pause; a value alone is marked."""
    there = [*range(100), 160, *range(220, 300)]
    data = [Point({"x": 1.0 * n}, time=n * 10**9, name="m") for n in there]
    for line in plot_run(run(data=data, group_by=None)).lines:
        assert gaps(line) == 2
        assert line.get_marker() == "o"
        assert [line.get_ydata()[place] == line.get_ydata()[place] for place in (99, 101)]
        assert list(line.get_markevery()) == [101]


def test_a_stretch_of_nan_is_a_gap(run, handlers):
    """No line claims what no value says."""
    values = [float("nan") if 100 < n < 200 else float(n) for n in range(300)]
    data = [Point({"x": x}, time=n * 60 * 10**9, name="m") for n, x in enumerate(values)]
    assert [gaps(line) for line in plot_run(run(handlers.Mirror, data=data)).lines] == [1, 1]


def test_what_is_drawn_as_points_needs_no_breaks(run, handlers):
    """Alerts far from each other stay so many marks."""
    data = [Point({"x": 9.0 * (n % 50 == 0)}, time=n * 10**9, name="m") for n in range(400)]
    _, sent = plot_run(run(handlers.Peak, data=data)).lines
    assert (gaps(sent), len(sent.get_xdata())) == (0, 8)


class Alarm(Handler):
    """Says of high values that they are."""

    def point(self, point):
        if point.fields["x"] > 7:
            yield point.with_fields(alarm=True)


class Judge(Handler):
    """Says of all values whether they are high."""

    def point(self, point):
        yield point.with_fields(high=point.fields["x"] > 7, much=10.0 * point.fields["x"])


def test_groups_are_named_where_their_colours_are(run):
    """The first panel has inputs only: those of the outputs stand beside the second."""
    above, below = Plot(run(Alarm, count=300, groups=3)).axes
    assert (above.get_ylabel(), below.get_ylabel()) == ("x", "alarm")
    assert labels(above) == ["input"]
    assert labels(below) == ["host=h0", "host=h1", "host=h2"]


def test_a_group_that_a_panel_above_lacks_is_named_below(run):
    """What the first legend says is not said again."""

    class Some(Handler):
        def point(self, point):
            yield point.with_fields(high=point.fields["x"])
            if point.tags["host"] == "h1":
                yield point.with_fields(low=1.0)
            else:
                yield point.with_fields(wide=1000 * point.fields["x"])

    by_label = {ax.get_ylabel(): labels(ax) for ax in Plot(run(Some, groups=2)).axes}
    assert by_label["x → high"] == ["input", "host=h0", "host=h1"]
    assert by_label["low"] == by_label["wide"] == []


def test_what_is_false_or_true_has_these_two_for_a_scale(run):
    """In a panel of its own, with room above and below, whatever was sent."""
    for handler in (Alarm, Judge):
        ax = Plot(run(handler, count=100)).axes[1]
        assert [tick.get_text() for tick in ax.get_yticklabels()] == ["False", "True"]
        assert list(ax.get_yticks()) == [0, 1]
        low, high = ax.get_ylim()
        assert low < 0 < 1 < high
    assert [ax.get_ylabel() for ax in Plot(run(Judge)).axes] == ["x → much", "high"]


def test_numbers_that_are_0_and_1_stay_numbers(run, handlers):
    """An int is no bool, though it be one."""
    data = [Point({"x": n % 2}, time=n * 10**9, name="m") for n in range(50)]
    (ax,) = Plot(run(handlers.Mirror, data=data)).axes
    assert "True" not in [tick.get_text() for tick in ax.get_yticklabels()]


def test_a_name_too_long_for_the_axis_is_shortened(run):
    """Both its ends are there, inside the picture."""
    name = "the_temperature_of_the_bearing_at_the_drive_end"

    class Named(Handler):
        def point(self, point):
            yield point.with_fields(**{name: point.fields["x"]})

    plot = Plot(run(Named))
    (ax,) = plot.axes
    assert ax.get_ylabel() == "x →\nthe_temper…e_drive_end"
    plot.figure.draw_without_rendering()
    assert ax.yaxis.label.get_window_extent().y0 >= 0


def test_fields_of_another_scale_get_a_panel_of_their_own(run):
    """A score beside values in thousands would be a flat line."""

    class Scored(Handler):
        def point(self, point):
            x = point.fields["x"]
            yield point.with_fields(high=1000 * x, low=900 * x + 500, score=x / 10)

    panels = [ax.get_ylabel() for ax in Plot(run(Scored)).axes]
    assert panels == ["x → score", "high, low"]
    whole = plot_run(run(Scored))
    assert whole.get_ylabel() == "x → high, low, score"
    assert labels(whole) == ["input", "high", "low", "score", "group host=h0"]


def test_where_colours_mean_groups_each_output_gets_a_panel(run):
    """Nobody has to tell six dashed colours from six dotted ones."""

    class Bands(Handler):
        def point(self, point):
            x = point.fields["x"]
            yield point.with_fields(high=x + 1, low=x - 1)

    plot = Plot(run(Bands, groups=2))
    assert [ax.get_ylabel() for ax in plot.axes] == ["x → high", "low"]
    assert labels(plot.axes[0]) == ["input", "host=h0", "host=h1"]
    assert labels(plot.axes[1]) == []
    assert labels(plot_run(run(Bands, groups=2)))[-2:] == ["high", "low"]


def test_many_names_are_set_in_lines(run):
    """A y label does not run out of the picture."""

    class Named(Handler):
        def point(self, point):
            x = point.fields["x"]
            yield point.with_fields(moving_average=x, standard_deviation=x + 1)

    (ax,) = Plot(run(Named)).axes
    assert ax.get_ylabel() == "x →\nmoving_average,\nstandard_deviation"
    assert repr(Plot(run(Named))) == "Plot(Named: x → moving_average, standard_deviation)"


def test_only_the_last_panel_carries_the_time(run):
    """The axis is shared; its label stands once."""

    class Scored(Handler):
        def point(self, point):
            yield point.with_fields(score=point.fields["x"] / 1000)

    above, below = Plot(run(Scored)).axes
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "event time (UTC)")


def test_nanoseconds_are_no_dates(run, handlers):
    """Points that lie closer than dates can tell are shown by their distance."""
    data = [Point({"x": float(n)}, time=n, name="m") for n in range(9)]
    ax = plot_run(run(handlers.Mean, data=data, group_by=None))
    assert ax.get_xlabel() == "nanoseconds after 1970-01-01T00:00:00Z"
    assert list(ax.lines[0].get_xdata()) == list(range(9))


@pytest.mark.parametrize(
    "data",
    [
        [Point({"x": 1.0}, time=0, name="m")],
        [Point({"s": "text"}, time=0, name="m")],
        [Point({"x": x}, time=t, name="m") for x, t in ((-9e299, -(2**63)), (9e299, 2**63 - 1))],
        [Point({"x": float("nan")}, time=0, name="m")],
        [Point({"$x^": 1, "_y": 2, "µ, 测": 3}, time=0, name="m", tags={"host": "$_{"})],
        [Point({"x": 1}, time=n, name="m", tags={"host": f"{n}{'long' * 30}"}) for n in range(2)],
    ],
    ids=["one point", "no numbers", "farthest", "NaN", "odd names", "long names"],
)
def test_any_data_can_be_drawn(run, handlers, data):
    """No value, name or number of points breaks a picture."""
    bundle, _ = Plot(run(handlers.Mirror, data=data))._repr_mimebundle_()
    assert bundle["image/png"].startswith(PNG)


def test_a_run_of_nothing_says_so(run, handlers):
    """An empty picture explains itself."""
    ax = plot_run(run(handlers.Mirror, data=[Point({"s": "text"}, time=0, name="m")]))
    assert [text.get_text() for text in ax.texts] == ["no numbers to plot"]


def test_a_plot_shows_itself_with_a_constant_text(run):
    """The text has no address and no time; the image has fixed room."""
    data, metadata = Plot(run(groups=2))._repr_mimebundle_()
    assert data["text/plain"] == repr(Plot(run(groups=2))) == "Plot(Mean: x → mean)"
    assert data["image/png"].startswith(PNG)
    assert metadata == {"image/png": {"width": 800, "height": 322}}


def test_one_run_gives_one_image(run):
    """Drawn twice, the bytes are the same."""
    first, second = (Plot(run(groups=2))._repr_mimebundle_()[0] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("suffix", "start"), [("png", PNG), ("svg", b"<?xml")])
def test_a_plot_is_saved_in_the_format_of_its_name(run, tmp_path, suffix, start):
    """What the suffix says is what is written."""
    path = tmp_path / f"run.{suffix}"
    Plot(run()).save(path)
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Plot", "takes a Simulation that has run, as simulate() returns it"),
        ("plot_run", "takes a Simulation that has run, as simulate() returns it"),
        ("plot_groups", "takes a Simulation that has run, as simulate() returns it"),
        ("plot_state", "takes a Simulation that has run, as simulate() returns it"),
        ("plot_latency", "takes a Simulation that has run, as simulate() returns it"),
        ("SweepPlot", "takes a Sweep, as sweep() returns it"),
        ("plot_sweep", "takes a Sweep, as sweep() returns it"),
        ("plot_precision_recall", "takes a Sweep, as sweep() returns it"),
        ("ComparisonPlot", "takes a Comparison, as compare() returns it"),
        ("plot_comparison", "takes a Comparison, as compare() returns it"),
    ],
)
def test_something_else_is_refused_with_what_is_taken(name, text):
    """Instead of an attribute that an int lacks."""
    with pytest.raises(TypeError) as raised:
        getattr(kapnb.notebook, name)(5)
    assert str(raised.value) == f"{name} {text}, not int"


def test_who_holds_a_run_is_named_as_such(run):
    """A live run, and that of a whole task, are not the run to plot, but have it."""
    live = run().live(attended=True)
    live.wait()
    with pytest.raises(TypeError, match=r"not LiveRun; its \.simulation is one"):
        plot_run(live)
    task = TaskRun("stream", "task", {})
    with pytest.raises(TypeError, match="not TaskRun; each of its udfs is such a run"):
        plot_run(task)
