"""Pictures of the state's size and of the time that calls take."""

import itertools

import pytest

from kapnb import BATCH, Handler, Point, simulate
from kapnb.faults import Latencies, measure_state
from kapnb.notebook import plot_groups, plot_latency, plot_run, plot_state


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_state_that_grows_is_drawn_for_each_group(run):
    """In the order of their size, with the sum of all."""
    ax = plot_state(run(count=120, groups=3))
    assert labels(ax) == ["host=h0", "host=h1", "host=h2", "all groups"]
    first = ax.lines[0].get_ydata()
    assert list(first) == sorted(first)
    assert first[-1] > 4 * first[0]
    assert list(ax.lines[3].get_ydata())[-1] == sum(line.get_ydata()[-1] for line in ax.lines[:3])


def test_a_state_that_does_not_grow_is_a_level_line():
    """A window is full once, and stays so."""

    class Last(Handler):
        def group_state(self):
            return {"x": 0.0}

        def point(self, point, state):
            state["x"] = point.fields["x"]

    points = [Point({"x": float(n % 10)}, time=n) for n in range(100)]
    assert set(plot_state(simulate(Last, points)).lines[0].get_ydata()) == {9}


def test_many_groups_become_a_number(run):
    """Six are drawn."""
    ax = plot_state(run(count=80, groups=8))
    assert labels(ax)[-2:] == ["all groups", "2 more not drawn"]
    assert len(ax.lines) == 7


def test_named_groups_only(run):
    """And a group without a state is named."""
    simulation = run(groups=3)
    assert labels(plot_state(simulation, groups="host=h1")) == ["host=h1"]
    with pytest.raises(ValueError, match=r"group 'host=h9' has no state .*'host=h0'"):
        plot_state(simulation, groups=["host=h9"])


def test_a_handler_with_a_snapshot_of_its_own_is_weighed_as_a_whole():
    """What it keeps, nobody else can tell apart."""

    class Own(Handler):
        count = 0

        def point(self, point):
            self.count += 1

        def snapshot(self):
            return b"x" * self.count

        def restore(self, snapshot):
            self.count = len(snapshot)

    simulation = simulate(Own, [Point({"x": 1.5}, time=n) for n in range(20)])
    assert measure_state(simulation, samples=4).groups == {"snapshot": [5, 10, 15, 20]}
    assert labels(plot_state(simulation)) == ["whole snapshot"]


def test_a_state_that_cannot_be_kept_has_no_size():
    """The text says why."""

    class Opened(Handler):
        def group_state(self):
            return [object()]

        def point(self, point, state):
            pass

    simulation = simulate(Opened, [Point({"x": 1.5}, time=0)])
    with pytest.raises(ValueError, match=r"group '' .*: its state is in no snapshot"):
        plot_state(simulation)


def test_a_run_that_failed_is_weighed_up_to_there():
    """The inputs behind it were never handled."""

    class Fails(Handler):
        def group_state(self):
            return []

        def point(self, point, state):
            state.append(1)
            if len(state) == 6:
                raise ValueError

    points = [Point({"x": 1.5}, time=n) for n in range(10)]
    simulation = simulate(Fails, points, errors="keep")
    assert measure_state(simulation).counts == [1, 2, 3, 4, 5]


def test_a_restored_state_is_there_from_the_beginning(run, handlers, points):
    """The run began with it, and so does the measurement."""
    before = run(count=50)
    after = simulate(handlers.Mean, points(50), group_by="host", snapshot=before.snapshot)
    assert measure_state(after).totals[0] > measure_state(before).totals[-1]


def ticking(*durations):
    """A clock by which calls take these seconds, in turn."""
    turns = itertools.cycle(durations)
    now = 0.0
    while True:
        yield now
        now += next(turns)
        yield now


def test_latency_stands_against_both_limits(run):
    """Half the timeout for one call; for a full pipe, that over 689."""
    clock = ticking(0.001, 0.001, 0.001, 0.003)
    ax = plot_latency(run(), clock=lambda: next(clock))
    assert labels(ax) == [
        "median 1.0 ms",
        "99 % 3.0 ms",
        "slowest 3.0 ms",
        "full pipe 7.3 ms",
        "one call 5.0 s",
    ]
    assert ax.get_xlabel() == "time for one point"
    heights = [patch.get_height() for patch in ax.patches]
    assert sorted(heights)[-2:] == [10, 30]


def test_a_pipe_holds_fewer_batches(run, handlers, batches):
    """Each is its points, a begin and an end."""
    clock = ticking(0.001)
    simulation = run(handlers.BatchMean, data=batches(4), group_by=None)
    ax = plot_latency(simulation, timeout=1.0, clock=lambda: next(clock))
    assert "full pipe 5.1 ms" in labels(ax)
    assert "one call 500.0 ms" in labels(ax)
    assert ax.get_xlabel() == "time for one batch"


def test_what_was_measured_already_is_not_measured_again(run):
    """The same figures can be drawn twice."""
    latencies = Latencies((0.1, 0.2), False, 689, 10.0)
    assert "slowest 200.0 ms" in labels(plot_latency(run(), latencies=latencies, clock=None))


def test_no_inputs_are_no_error():
    """A picture of nothing says so."""

    class Takes(Handler):
        wants = provides = BATCH

    simulation = simulate(Takes, [Point({"x": 1.5}, time=0)], errors="keep")
    simulation.inputs = []
    assert [text.get_text() for text in plot_latency(simulation).texts] == ["no inputs"]
    assert [text.get_text() for text in plot_state(simulation).texts] == ["no state"]


def test_each_group_has_axes_of_its_own_to_one_scale(run):
    """In natural order; colours tell fields apart."""
    axes = plot_groups(run(count=110, groups=11))
    assert [ax.get_title(loc="left") for ax in axes] == [f"host=h{n}" for n in range(11)]
    assert len({ax.get_ylim() for ax in axes}) == len({ax.get_xlim() for ax in axes}) == 1
    assert len({ax.lines[1].get_color() for ax in axes}) == 1
    assert [bool(ax.get_legend()) for ax in axes[:4]] == [False, False, True, False]
    assert len({ax.figure for ax in axes}) == 1


def test_more_groups_are_counted(run):
    """Twelve are drawn."""
    axes = plot_groups(run(count=60, groups=15))
    assert len(axes) == 12
    assert labels(axes[2])[-1] == "and 3 more groups"


def test_fields_of_another_scale_are_left_out_and_named():
    """One scale would flatten them."""

    class Scaled(Handler):
        def point(self, point):
            yield point.with_fields(small=point.fields["x"] / 1000)

    points = [
        Point({"x": float(n)}, time=n * 10**9, name="m", tags={"host": "ab"[n % 2]})
        for n in range(20)
    ]
    axes = plot_groups(simulate(Scaled, points, group_by="host"))
    assert axes[0].get_ylabel() == "small"
    assert labels(axes[1])[-1] == "not drawn: x"


def test_axes_of_the_callers_are_drawn_into(run):
    """One each, and too few are refused."""
    from matplotlib.figure import Figure

    own = Figure().subplots(1, 3)
    simulation = run(groups=2)
    assert plot_groups(simulation, axes=list(own)) == (own[0], own[1])
    assert not own[2].lines
    with pytest.raises(ValueError, match="2 groups do not fit into 1 axes"):
        plot_groups(simulation, axes=[own[2]])


@pytest.mark.parametrize("plot", [plot_run, plot_state, plot_latency])
def test_axes_that_are_given_come_back(run, plot):
    """So plots can be put together."""
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert plot(run(), ax=ax) is ax


def test_axes_of_nothing_have_no_numbers():
    """Thousandths of a byte are none."""
    ax = plot_state(simulate(Handler, [Point({"x": 1.0}, time=n) for n in range(5)]))
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == ["no state"]
    shown = [*ax.xaxis.get_major_ticks(), *ax.yaxis.get_major_ticks()]
    assert not [tick for tick in shown if tick.label1.get_visible()]


def test_pictures_of_groups_show_themselves(run):
    """As a cell's last value; Axes of the caller's are the caller's to show."""
    from matplotlib.figure import Figure

    data, _ = plot_groups(run(groups=2))._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert type(plot_groups(run(groups=2), axes=list(Figure().subplots(1, 2)))) is tuple


class Alarm(Handler):
    """Says of high values that they are."""

    def point(self, point):
        if point.fields["x"] > 7 and point.tags["host"] != "h2":
            yield point.with_fields(alarm=True)


def test_groups_without_a_value_do_not_move_the_times(run):
    """Their Axes have the limits of the others, and say that there is nothing."""
    axes = plot_groups(run(Alarm, count=300, groups=3))
    (left, right), *others = [ax.get_xlim() for ax in axes]
    assert others == [(left, right)] * 2
    assert 0 < (right - left) * 86_400 < 400
    assert [text.get_text() for text in axes[2].texts] == ["no values"]
    assert labels(axes[2]) == ["alarm", "not drawn: x"]


def test_events_of_a_group_are_points_there_too(run):
    """Though their inputs have another scale, and are not drawn."""
    axes = plot_groups(run(Alarm, count=300, groups=3))
    assert [line.get_linestyle() for ax in axes for line in ax.lines] == ["None", "None"]


def test_the_date_leaves_room_for_the_label(run):
    """Under twelve small pictures neither is over the other."""
    points = [
        Point({"x": float(n)}, time=1_750_000_000 * 10**9 + n * 10**9, tags={"host": f"h{n % 12}"})
        for n in range(120)
    ]
    ax = plot_groups(run(data=points))[-1]
    ax.figure.draw_without_rendering()
    label, date = ax.xaxis.label, ax.xaxis.get_offset_text()
    assert date.get_text()
    assert label.get_window_extent().x1 < date.get_window_extent().x0


@pytest.mark.parametrize("minutes", [0.5, 1.6, 1.9, 3, 100, 170, 2400, 4000])
def test_any_length_of_a_run_has_its_ticks(run, minutes):
    """Also those for which matplotlib knows no step between three and four ticks, and warns."""
    points = [Point({"x": 1.0}, time=int(n * minutes * 6e9), name="m") for n in range(11)]
    (ax,) = plot_groups(run(data=points))
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    assert 2 <= sum(low <= tick <= high for tick in ax.get_xticks()) <= 6


def test_a_state_that_was_weighed_once_is_a_mark(run):
    """A line of one point would show nothing, and its axis five times the same number."""
    ax = plot_state(run(count=1))
    assert ax.lines[0].get_marker() == "o"
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [1]
