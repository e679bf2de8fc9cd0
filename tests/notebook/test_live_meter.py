"""What a live run measures of itself, and the strip that shows it."""

from matplotlib.figure import Figure

from kapnb import Handler
from kapnb.notebook import LiveView, Plot
from kapnb.notebook._live_control import Control
from kapnb.notebook._live_meter import Meter, Reading
from kapnb.notebook._live_strip import add_strip, cells
from kapnb.simulation import Simulation


class Slow(Handler):
    """Takes half a second on a clock of its own."""

    clock = None

    def point(self, point, state):
        type(self).clock.now += 0.5
        state["seen"] = point.fields["x"]
        return point


def metered(points, clock, handler=Slow, count=4):
    Slow.clock = ticks = clock()
    control = Control(clock=ticks)
    meter = Meter(control)
    simulation = Simulation(handler, points(count), observers=[meter])

    class Reads:
        def started(self, simulation):
            pass

        def advanced(self, simulation):
            meter.read(simulation)

        def finished(self, simulation):
            pass

    simulation.watch(Reads())
    simulation.run(pace=control.portions)
    return meter


def test_rate_and_calls_are_those_since_the_last_reading(points, clock):
    """Two points a second, of half a second each."""
    last = metered(points, clock).readings[-1]
    assert (last.rate, last.call_s, last.longest_s, last.backlog_s) == (2.0, 0.5, 0.5, 0.0)


def test_a_last_picture_counts_for_no_rate(points, clock):
    """Drawing it takes long, and the strip in it is read after that."""
    Slow.clock = ticks = clock()
    control = Control(clock=ticks)
    meter = Meter(control)
    simulation = Simulation(Slow, points(4), observers=[meter])
    simulation.run(pace=control.portions)
    ticks.now += 100
    meter.read(simulation)
    assert [reading.rate for reading in meter.readings] == [2.0]


def test_the_state_is_measured_as_a_snapshot(points, clock):
    """As Kapacitor would store it."""
    assert metered(points, clock).readings[-1].state > 10


def test_a_snapshot_of_the_handlers_own_is_not_called(points, clock):
    """It is Kapacitor's to call."""

    class Own(Slow):
        def snapshot(self):
            raise AssertionError("called")

    control = Control()
    meter = Meter(control)
    simulation = Simulation(Own, points(3), observers=[meter])
    Slow.clock = Own.clock = clock()
    read = []
    meter.finished = lambda simulation: (meter.read(simulation), read.append(meter.readings[-1]))
    simulation.run(pace=control.portions)
    assert read[0].state is None


def test_the_strip_makes_room_for_itself(run):
    """Nothing of the picture moves or is covered."""
    figure = Plot(run()).figure
    height = figure.get_size_inches()[1]
    (ax,) = figure.axes
    before = ax.get_position().height * height
    add_strip(figure, cells([Reading(1000.0, 0.0, 2e-5, 1e-3, 1234)] * 3, 10))
    taller = figure.get_size_inches()[1]
    assert taller > height
    assert abs(ax.get_position().height * taller - before) < 1e-9
    texts = [text.get_text() for text in figure.texts]
    assert "1,000 inputs/s" in texts
    assert "1.23 kB" in texts
    assert "per call, limit 7.26 ms at timeout 10 s" in texts


def test_a_slow_rate_is_not_shown_as_none():
    """A Handler that takes three seconds a point."""
    rate, *_ = cells([Reading(1 / 3, 0.0, 3.0, 3.0, None)], 10)
    assert rate.value == "0.33 inputs/s"


def test_calls_beyond_the_limit_are_an_alarm(run):
    """In a colour of their own."""
    for call_s, alarm in ((1e-3, False), (9e-3, True)):
        figure = Plot(run()).figure
        add_strip(figure, cells([Reading(10.0, 0.0, call_s, 0.1, None)], 10))
        colours = {text.get_color() for text in figure.texts}
        assert ("#D55E00" in colours) is alarm


def test_frames_have_a_strip_only_with_a_meter(handlers, points, display):
    """The still figure is the same each time."""
    heights = []
    for meter in (None, Meter(Control())):
        view = LiveView(True, display=display, meter=meter)
        observers = [meter, view] if meter else [view]
        Simulation(handlers.Mean, points(20), observers=observers).run()
        assert isinstance(view.figure, Figure)
        heights.append(view.figure.get_size_inches()[1])
    assert heights[1] > heights[0]
