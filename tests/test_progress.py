"""A long run says how far it is; a short one says nothing."""

from __future__ import annotations

import io
import re
import sys

import nbformat
import pytest

from kapnb import Handler, HandlerError, Point, _progress, simulate
from kapnb._progress import CellBar, Done, Progress, TerminalLine, find_surface, track
from kapnb.simulation import Simulation
from notebooks import Client

POINTS = [Point({"n": n}, time=n) for n in range(8)]


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    """Each look takes `step` seconds."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def run_on_terminal(step, handler=Handler, count=8):
    terminal = Terminal()

    def progress(name, total):
        return Progress(name, total, clock=Clock(step), surface=lambda: TerminalLine(terminal))

    simulation = Simulation(handler, POINTS[:count], progress=progress).run()
    return simulation, terminal.getvalue()


def test_a_long_run_shows_a_line_and_clears_it():
    """The share, and the time that is left."""
    _, shown = run_on_terminal(1.0)
    assert shown.split("\r") == [
        "",
        "Handler: 3 of 8 inputs, 38%, 3 s left",
        "Handler: 7 of 8 inputs, 88%, 0 s left",
        "Handler: 8 of 8 inputs, 100%, 0 s left",
        " " * len("Handler: 8 of 8 inputs, 100%, 0 s left"),
        "",
    ]


def test_a_short_run_shows_nothing():
    """Two seconds are no wait."""
    assert run_on_terminal(0.1)[1] == ""


def test_the_line_goes_when_the_handler_fails():
    """The error then stands on a clean line."""

    class Fails(Handler):
        def point(self, point):
            if point.fields["n"] == 6:
                raise RuntimeError
            return point

    simulation, shown = run_on_terminal(1.0, Fails)
    assert isinstance(simulation.error, HandlerError)
    assert shown.endswith(f"\r{' ' * 35}\r")


def test_a_shorter_line_covers_a_longer():
    """Nothing of the one before is left."""
    terminal = Terminal()
    line = TerminalLine(terminal)
    line.show(Done("long", "inputs", 100, None, 2.0))
    line.show(Done("short", "inputs", 1, None, 2.0))
    assert terminal.getvalue() == "\rlong: 100 inputs, 2 s\rshort: 1 inputs, 2 s "


def test_without_a_total_the_count_and_the_time_are_told():
    """A file's length is not known before it is read."""
    texts = []

    class Shown:
        def show(self, done):
            texts.append((str(done), done.share))

        def clear(self):
            texts.append("cleared")

    progress = Progress("Mean", None, clock=Clock(2.5), surface=Shown)
    progress.update(1234)
    progress.finish()
    assert texts == [("Mean: 1,234 inputs, 2 s", None), "cleared"]


def test_it_is_shown_five_times_a_second_at_most():
    """Drawing must not slow the run down."""
    shown = []

    class Shown:
        def show(self, done):
            shown.append(done)

        def clear(self):
            pass

    progress = Progress("Mean", 100, clock=Clock(0.125), surface=Shown)
    for done in range(100):
        progress.update(done)
    assert len(shown) == 43  # every 0.25 of the last 10.5 seconds


def test_a_cell_ends_with_a_display_without_data():
    """It starts so, too: a notebook's test compares the first state with the last one saved."""
    states = []

    class Handle:
        def update(self, data, **more):
            assert more == {"raw": True}
            states.append(data)

    def display(data, **more):
        assert more == {"raw": True, "display_id": True}
        states.append(data)
        return Handle()

    bar = CellBar(display)
    bar.show(Done("<Mean>", "inputs", 1, 2, 3.0))
    bar.show(Done("Mean", "inputs", 1, None, 3.0))
    bar.clear()
    assert states == [
        {},
        {
            "text/plain": "<Mean>: 1 of 2 inputs, 50%, 3 s left",
            "text/html": '<progress value="0.5000"></progress> '
            "&lt;Mean&gt;: 1 of 2 inputs, 50%, 3 s left",
        },
        {
            "text/plain": "Mean: 1 inputs, 3 s",
            "text/html": "<progress></progress> Mean: 1 inputs, 3 s",
        },
        {},
    ]


def test_the_terminal_is_found_and_a_pipe_is_none(monkeypatch):
    """What goes into a file or a log is not for looking at."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(find_surface(), TerminalLine)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert find_surface() is None


def test_a_terminal_has_tqdms_line_and_nothing_stays():
    """Share, count, time and rate are tqdm's; the line is blank at the end."""
    terminal = Terminal()
    line = TerminalLine(terminal, _progress._tqdm())
    line.show(Done("Mean", "inputs", 25, 100, 50.0))
    line.show(Done("Mean", "inputs", 50, 100, 100.0))
    shown = [part for part in terminal.getvalue().split("\r") if part]
    assert re.match(r"Mean:  50%\|.*\| 50/100 \[0\d:\d\d<.* inputs/s", shown[-1])
    line.clear()
    assert not terminal.getvalue().rpartition("50/100")[2].split("\r")[-2].strip()


def test_without_tqdm_the_line_has_words(monkeypatch):
    """A base install shows how far it is, too."""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    surface = find_surface()
    surface.show(Done("Mean", "inputs", 1, 2, 3.0))
    assert sys.stderr.getvalue() == "\rMean: 1 of 2 inputs, 50%, 3 s left"


def test_whatever_is_iterated_can_be_tracked():
    """Items come as they are; the count is told after each, the end in any case."""
    told = []

    class Noted:
        def __init__(self, name, total, *, unit):
            told.append((name, total, unit))

        def update(self, count):
            told.append(count)

        def finish(self):
            told.append("gone")

    items = track("ab", "reading", unit="letters", progress=Noted)
    assert list(items) == ["a", "b"]
    assert told == [("reading", 2, "letters"), 1, 2, "gone"]
    with pytest.raises(ValueError, match="broken"):
        for _ in track(iter("ab"), "reading", progress=Noted):
            raise ValueError("broken")
    assert told[4:] == [("reading", None, "inputs"), "gone"]


def test_without_anybody_to_look_the_clock_is_all_there_is():
    """The surface is looked for once."""
    looked = []
    progress = Progress("Mean", 1, clock=Clock(3.0), surface=lambda: looked.append(1))
    progress.update(1)
    progress.update(1)
    progress.finish()
    assert looked == [1]


@pytest.mark.parametrize(
    ("settings", "made"), [({}, 1), ({"progress": False}, 0), ({"live": "n"}, 0)]
)
def test_it_can_be_turned_off_and_a_live_plot_takes_its_place(monkeypatch, settings, made):
    """One picture is enough."""
    found = []

    class Noted(_progress.Progress):
        def __init__(self, name, total):
            found.append((name, total))
            super().__init__(name, total)

    monkeypatch.setattr("kapnb.simulation._simulate.Progress", Noted)
    simulate(Handler, POINTS, **settings)
    assert found == [("Handler", 8)] * made


@pytest.mark.parametrize(("settings", "made"), [({}, 1), ({"progress": False}, 0)])
def test_a_task_shows_it_too(monkeypatch, settings, made):
    """It is looked at now and then, and gone at the end."""
    told = []

    class Noted:
        def __init__(self, name, total):
            told.append((name, total))

        def update(self, done):
            told.append(done)

        def finish(self):
            told.append("gone")

    monkeypatch.setattr("kapnb.simulation._run_task.Progress", Noted)
    simulate(Handler, POINTS * 5, tick="stream|from()@handler()|log()", **settings)
    assert told == [("task", 40), 16, 32, "gone"] * made


def test_a_saved_notebook_holds_no_trace_of_it():
    """Neither text nor a picture, however long the run was."""
    source = """\
from kapnb import Handler, Point
from kapnb.simulation import Simulation
from kapnb._progress import Progress
times = iter(range(1000))
progress = lambda name, total: Progress(name, total, clock=lambda: next(times))
points = [Point({"n": n}, time=n) for n in range(100)]
run = Simulation(Handler, points, progress=progress).run()
print(len(run.outputs))"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])

    Client(notebook, kernel_name="python3").execute()

    bar, printed = notebook.cells[0].outputs
    assert (bar.output_type, bar.data) == ("display_data", {})
    assert printed.text == "100\n"


def test_in_a_kernel_tqdms_widget_is_shown_and_goes():
    """A front end with widgets has the bar, one without the HTML beside it."""
    source = """\
from kapnb._progress import CellBar, Done, _is_widget, _tqdm
states = []
class Handle:
    def update(self, data, raw):
        states.append(sorted(data))
bar = CellBar(lambda data, **_: Handle(), _tqdm())
bar.show(Done("Mean", "inputs", 25, 100, 50.0))
bar.show(Done("Mean", "inputs", 50, 100, 100.0))
container = bar._bar.container
print(repr(container)[:40])
bar.clear()
print(_is_widget(_tqdm()), states, container.comm is None)"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])

    Client(notebook, kernel_name="python3").execute()

    (printed,) = notebook.cells[0].outputs
    bar, ends = printed.text.splitlines()
    assert bar.startswith("Mean:  50%")
    view = "application/vnd.jupyter.widget-view+json"
    assert ends == f"True [['{view}', 'text/html', 'text/plain'], []] True"
