"""The live plot: when it draws, and what it leaves in a notebook."""

import sys
from functools import partial

import pytest

from kapnb.notebook import LiveView, Plot
from kapnb.simulation import Simulation
from kapnb.simulation._portions import portions

#: As fast as possible, and not slowed down by what drawing takes.
STEADY = partial(portions, clock=lambda: 0.0)


@pytest.fixture
def watch(handlers, points, display, clock):
    """Run with a live view on a clock that each look moves by `step` seconds."""

    def watch(count=500, *, step=1.0, fields=True, handler=handlers.Mean, data=None, **settings):
        # A frame lasts a step on this clock, too: a large share, to see some.
        view = LiveView(fields, clock=clock(step), display=display, share=0.9, **settings)
        data = points(count, groups=2) if data is None else data
        group_by = "host" if handler.wants.name == "STREAM" else None
        simulation = Simulation(handler, data, group_by=group_by, observers=[view])
        return view, simulation.run(pace=STEADY)

    return watch


def test_first_and_last_bundle_agree_but_for_the_image(watch, display):
    """The bookend rule: notebook tests compare one with the other."""
    watch()
    first, last = display.bundles[0], display.bundles[-1]
    assert len(display.bundles) > 3
    assert first == {"text/plain": "<live plot of Mean>"}
    assert last.keys() - first.keys() == {"image/png"}
    assert last["text/plain"] == first["text/plain"]


def test_every_image_has_the_same_place_on_the_page(watch, display):
    """Width and height are fixed, however many pixels an image holds."""
    watch()
    sizes = [metadata["image/png"] for metadata in display.metadata[1:]]
    assert all(size == sizes[0] for size in sizes)
    assert sizes[0].keys() == {"width", "height"}


def test_the_last_frame_is_the_still_plot(watch, display):
    """Live or not, the notebook keeps the same picture."""
    _, simulation = watch()
    data, metadata = Plot(simulation)._repr_mimebundle_()
    assert display.bundles[-1]["image/png"] == data["image/png"]
    assert display.metadata[-1] == metadata


def test_a_short_run_draws_the_last_frame_only(watch, display):
    """Nothing is drawn before the budget allows it."""
    watch(step=0.000_1)
    assert len(display.bundles) == 2


def test_the_clock_is_asked_once_in_a_portion(handlers, points, display, clock):
    """Asking costs, too; and points that are watched go many at a time all the same."""
    ticks = clock()
    view = LiveView(True, clock=ticks, display=display)
    Simulation(handlers.Mean, points(2**6 - 1), observers=[view]).run()
    assert ticks.looks <= 1 + 6  # the start; lists of 1, 2, 4, 8, 16 and 32


def test_each_batch_is_an_occasion(watch, batches, handlers, display):
    """Batches are few and long; the clock is asked after each."""
    watch(data=batches(6), handler=handlers.BatchMean)
    assert len(display.bundles) > 3


def test_named_fields_are_the_ones_drawn(watch):
    """live="mean" draws that one."""
    view, _ = watch(fields="mean")
    assert view.figure.axes[0].get_ylabel() == "mean"


def test_fields_that_appear_late_are_drawn_from_the_start(handlers, points, display, clock):
    """When the choice changes, earlier points are read again."""

    class Late(handlers.Mirror):
        def point(self, point):
            if point.time < 300 * 10**9:
                return point
            return point.with_fields(late=1.0)

    view = LiveView(True, clock=clock(1.0), display=display)
    simulation = Simulation(Late, points(900), observers=[view]).run()
    assert simulation.warnings == []
    assert view.figure.axes[0].get_ylabel() == "x → late"


def test_the_figure_of_a_run_that_goes_on_is_nobody_elses(handlers, points, display, clock):
    """Frames share one that changes; who asks gets one that stays as it is."""
    seen = []

    class Asks(handlers.Mean):
        def point(self, point, state):
            if point.fields["x"] == 9.0:
                seen.append(view.figure)
            yield from super().point(point, state)

    view = LiveView(True, clock=clock(1.0), display=display, share=0.9)
    Simulation(Asks, points(100), observers=[view]).run(pace=STEADY)
    assert len(display.bundles) > 3
    assert len({id(figure) for figure in seen}) == len(seen)
    assert all(figure.axes[0].get_legend().get_visible() for figure in seen[1:])


def test_without_a_front_end_nothing_happens_until_it_is_asked_for(handlers, points, capsys):
    """In plain Python a live run shows nothing and still has its figure."""
    view = LiveView(True)
    assert view.figure is None
    Simulation(handlers.Mean, points(300), observers=[view]).run()
    assert capsys.readouterr() == ("", "")
    assert view.figure.axes[0].get_ylabel() == "x → mean"


def test_a_terminal_is_no_front_end(handlers, points, monkeypatch, capsys):
    """IPython outside a kernel cannot show a figure."""

    class Terminal:
        @staticmethod
        def get_ipython():
            return object()

    monkeypatch.setitem(sys.modules, "IPython", Terminal)
    Simulation(handlers.Mean, points(300), observers=[LiveView(True)]).run()
    assert capsys.readouterr() == ("", "")


def strange(point):
    """A function for `anomalies` that fails at a fifth of the points."""
    return point.fields["x"] < 8 or point.fields["meen"] > 1


def test_a_plot_that_fails_does_not_cost_the_run(watch):
    """The run goes on, and says at its end what happened to the plot: where, and with what."""
    _, simulation = watch(step=0.000_1, anomalies=strange)
    assert len(simulation.outputs) == 500
    assert simulation.warnings == [
        "the live plot stopped: ValueError: anomalies=strange raised KeyError: no field 'meen' in "
        "this point (it has: mean, x), for the output of 1970-01-01T00:00:08Z, group 'host=h0', "
        "whose fields are 'mean', 'x'"
    ]


def test_a_plot_that_fails_says_so_in_its_place(watch, display):
    """Who made the mistake looks for the picture, not for warnings; the texts agree as ever."""
    view, _ = watch(anomalies=strange)
    (note,) = view.figure.axes[0].texts
    assert note.get_text().startswith("the live plot stopped: ValueError: anomalies=strange raised")
    first, last = display.bundles[0], display.bundles[-1]
    assert last.keys() - first.keys() == {"image/png"}
    assert last["text/plain"] == first["text/plain"]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"fields": ["mean", "men"]},
            "no field 'men' with numbers in the inputs or outputs of this run; did you mean 'mean'?",
        ),
        (
            {"fields": "nowhere"},
            "no field 'nowhere' with numbers in the inputs or outputs of this run "
            "(there are: 'x', 'mean')",
        ),
        (
            {"thresholds": ["mean", "meam"]},
            "no field 'meam' with numbers in the inputs or outputs of this run; "
            "did you mean 'mean'?",
        ),
        (
            {"anomalies": "alarm"},
            "no output of this run has the field 'alarm' (there are: 'mean', 'x')",
        ),
        ({"groups": ["host=h0", "host=a"]}, "no group 'host=a' in this run; did you mean "),
    ],
)
def test_what_was_named_and_never_came_is_said_at_the_end(watch, settings, text):
    """In the picture, which shows the rest, and in the warnings; once."""
    view, simulation = watch(**settings)
    (warning,) = simulation.warnings
    assert warning.startswith(f"live plot: {text}")
    (note,) = (text for text in view.figure.axes[0].texts if text.get_color() == "#D55E00")
    assert note.get_text().rstrip("…") in warning


@pytest.mark.parametrize("settings", [{"fields": "mean"}, {"thresholds": "mean"}, {"groups": "g"}])
def test_of_a_run_of_nothing_no_name_is_doubted(watch, handlers, settings):
    """Nobody can know what would have come."""

    class Nothing:
        edge = handlers.Mean.wants

        def __iter__(self):
            return iter(())

    _, simulation = watch(data=Nothing(), **settings)
    assert simulation.warnings == []


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"fps": 0}, "fps is the most frames a second, above 0, not 0"),
        ({"share": -1}, "share is a share of the run's time, from 0 to 1, not -1"),
        ({"plot": 5}, "what to draw is True, or the names of fields, not 5"),
        ({"anomalies": 5}, "anomalies is True for all outputs, the name of a field .* not 5"),
    ],
)
def test_settings_that_mean_nothing_are_refused_in_the_cell(
    settings, text, handlers, points, display
):
    """Before anything runs."""
    with pytest.raises(ValueError, match=text):
        Simulation(handlers.Mean, points(9)).live(display=display, attended=True, **settings)


def test_a_run_that_fails_still_shows_what_it_did(handlers, points, display):
    """The last frame is drawn on an error, too."""

    class Fails(handlers.Mean):
        def point(self, point, state):
            yield from super().point(point, state)
            if len(state) > 20:
                raise ValueError("enough")

    Simulation(Fails, points(99), observers=[LiveView(True, display=display)]).run()
    assert "image/png" in display.bundles[-1]


def test_a_view_can_watch_one_run_after_another(watch, handlers, points, display):
    """A new run starts a new display."""
    view, first = watch()
    before = len(display.bundles)
    second = Simulation(handlers.Peak, points(200), observers=[view]).run(pace=STEADY)
    assert display.bundles[before] == {"text/plain": "<live plot of Peak>"}
    assert view.figure.axes[0].get_title("left") == second.handler.__name__ == "Peak"
    assert first.handler is handlers.Mean
