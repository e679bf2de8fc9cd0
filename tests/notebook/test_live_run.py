"""A run in the background: what steers it, what it shows, and how it ends."""

import asyncio
import contextvars
import signal
import threading

import pytest

from kapnb import STREAM, Handler, HandlerError, OptionError, Point, Simulation, last_run, simulate
from kapnb.errors import SourceError
from kapnb.notebook import LiveRun, _cell_runs, _live_run
from kapnb.notebook._front_end import Execution
from kapnb.notebook._scene import gather

SECOND = 1_000_000_000


class Displays:
    """IPython's display, with several displays as a cell has them."""

    def __init__(self):
        self.all = []

    def __call__(self, data, *, raw, display_id, metadata=None):
        shown = Displays()
        shown.bundles = [dict(data)]
        self.all.append(shown)
        return shown

    def update(self, data, *, raw, metadata=None):
        self.bundles.append(dict(data))


class Endless:
    """A source that goes on until it is asked no more."""

    edge = STREAM

    def __iter__(self):
        number = 0
        while True:
            yield Point({"x": float(number % 10)}, time=number * SECOND, name="m")
            number += 1


@pytest.fixture
def displays():
    return Displays()


@pytest.fixture
def live(handlers, points, displays):
    """Start a live run that somebody watches, and end it whatever happens."""
    runs = []

    def live(handler=handlers.Mean, data=None, *, options=None, plot=True, **settings):
        simulation = Simulation(handler, points(20) if data is None else data, options=options)
        settings = {"display": displays, "attended": True, **settings}
        runs.append(LiveRun(simulation, plot, **settings))
        return runs[-1].start()

    yield live
    for run in runs:
        run.resume()
        run.stop()


def test_a_run_goes_to_its_end_in_a_thread(live):
    """And gives what simulate gives."""
    run = live()
    assert len(run.wait().outputs) == 20
    assert run.state == "finished"


def test_steps_and_pauses_from_another_thread(live):
    """What has come so far can be read at each of them."""
    run = live(paused=True, plot=False)
    assert (run.state, len(run.simulation.outputs)) == ("paused", 0)
    run.step(3)
    assert (run.state, len(run.simulation.frame)) == ("paused", 3)
    run.resume()
    assert len(run.wait().outputs) == 20


def test_back_and_forth_through_what_is_known(live):
    """Only beyond it the Handler gets something new."""
    run = live(paused=True)
    assert run.moment is None
    assert run.step(5).position == 4
    assert run.back(3).position == run.moment.position == 1
    assert run.moment.outputs[0].fields["mean"] == 0.5
    assert run.step().position == 2
    assert len(run.simulation.inputs) == 5
    assert run.step(4).position == 6
    assert len(run.simulation.inputs) == 7
    assert run.back(99).position == 0
    run.resume()
    assert len(run.wait().outputs) == 20


def test_a_run_that_is_over_can_be_walked(live):
    """From its last input, and not beyond."""
    run = live(paused=True)
    run.step(4)
    run.stop()
    assert run.moment.position == 3
    assert run.back().position == 2
    assert run.step(9).position == 3


def test_a_paused_view_shows_where_it_stands(live, displays):
    """As HTML whose classes a stylesheet, or a test, can find."""
    run = live(paused=True)
    run.step(2)
    run.back()
    before, first, second = (shown["text/html"] for shown in displays.all[2].bundles[1:])
    assert "before the first input" in before
    assert "input 1 of 0…1" in first
    assert "input 0 of 0…1" in second
    assert all('class="kapnb-moment"' in html for html in (before, first, second))


def test_a_picture_without_inputs_says_that_none_came_yet(live):
    """Of a run that is paused at its beginning."""
    run = live(paused=True)
    assert gather(run.simulation).lack == "no input yet"
    run.step()
    assert gather(run.simulation).lack == ""


def test_the_caller_goes_on_while_a_handler_is_busy(live):
    """The kernel stays free."""
    free = threading.Event()

    class Busy(Handler):
        def point(self, point):
            assert free.wait(60)
            return point

    run = live(Busy, paused=True)
    threading.Thread(target=run.step).start()
    assert run.state in ("paused", "running")
    free.set()
    run.resume()
    assert len(run.wait().outputs) == 20


def test_what_grows_can_be_read(live):
    """Frame, text, HTML and plot of a run that goes on are those of one moment."""
    run = live(data=Endless(), plot=False)
    simulation = run.simulation
    for _ in range(10):
        frame, html, text = simulation.frame, simulation._repr_html_(), repr(simulation)
        assert (frame["input"] < len(simulation.inputs)).all()
        assert "<b>Mean</b>" in html
        assert text.startswith("Simulation(Mean: ")
    assert repr(simulation.plot()).startswith("Plot(Mean: ")
    run.stop()


def test_stop_ends_it_as_if_the_data_ended(live):
    """What came is whole: it even has a snapshot."""
    run = live(data=Endless())
    run.stop()
    assert run.state == "stopped"
    assert run.wait().error is None
    assert run.simulation.snapshot
    assert len(run.simulation.inputs) == len(run.simulation.outputs)
    assert last_run() is run.simulation


def test_an_interrupt_while_waiting_stops_the_run(live, monkeypatch):
    """As the stop button of a notebook does; what came is the last run."""
    main, waiting = threading.main_thread().ident, threading.Event()

    class Interrupts(Handler):
        def point(self, point):
            if point.time == 5 * SECOND:
                assert waiting.wait(60)
                signal.pthread_kill(main, signal.SIGINT)
            return point

    run = live(Interrupts, Endless())
    result = run._done.result
    monkeypatch.setattr(run._done, "result", lambda *limit: waiting.set() or result(*limit))
    with pytest.raises(KeyboardInterrupt, match="what came until then"):
        run.wait()
    assert run.state == "stopped"
    assert len(last_run().inputs) > 5


def test_an_interrupted_step_goes_no_further(live):
    """After the call at hand it stands still again."""
    main, heeded = threading.main_thread().ident, threading.Event()

    class Interrupts(Handler):
        def point(self, point):
            if point.time == 2 * SECOND and not heeded.is_set():  # not when it is walked
                signal.pthread_kill(main, signal.SIGINT)
                assert heeded.wait(60)
            return point

    run = live(Interrupts, Endless(), paused=True)
    with pytest.raises(KeyboardInterrupt):
        run.step(50)
    heeded.set()
    with run._control._changed:
        run._control._await_rest()
    assert (run.state, len(run.simulation.inputs)) == ("paused", 3)


def test_an_error_of_the_handler_fails_the_run(live, displays):
    """It is raised by whoever waits, and stands in the picture."""

    class Fails(Handler):
        def point(self, point):
            if point.time == 7 * SECOND:
                raise ValueError("enough")
            yield point.with_fields(double=2 * point.fields["x"])

    run = live(Fails)
    with pytest.raises(HandlerError, match="enough") as raised:
        run.wait()
    assert raised.value.simulation is run.simulation
    assert run.state == "failed"
    assert len(run.simulation.outputs) == 7
    (note,) = run._view.figure.axes[0].texts
    assert note.get_text().startswith("ended by HandlerError: ")


def test_an_error_of_the_source_fails_the_run(live, points):
    """Nobody else would hear of it."""

    class Broken:
        edge = STREAM

        def __iter__(self):
            yield from points(3)
            raise SourceError("no more", "line 4")

    run = live(data=Broken())
    with pytest.raises(SourceError, match="line 4"):
        run.wait()
    assert (run.state, len(run.simulation.outputs)) == ("failed", 3)


def test_options_that_are_refused_are_refused_at_once(live):
    """In the cell that gave them."""
    with pytest.raises(OptionError):
        live(options={"nothing": 1})


def test_a_run_can_be_awaited(live):
    """The event loop goes on meanwhile."""
    run = live(paused=True)

    async def both():
        waiting = asyncio.ensure_future(_awaited(run))
        await asyncio.sleep(0)
        run.resume()
        return await waiting

    assert asyncio.run(both()) is run.simulation
    assert len(run.simulation.outputs) == 20


def test_a_cancelled_await_stops_the_run(live):
    """An interrupted cell does not leave it behind."""
    run = live(paused=True)

    async def cancelled():
        waiting = asyncio.ensure_future(_awaited(run))
        await asyncio.sleep(0)
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError, match="what came until then"):
        asyncio.run(cancelled())
    assert run.state == "stopped"


def test_an_interrupt_that_wakes_no_event_loop_is_heeded(live):
    """ipykernel's cancels the cell from a signal handler, while the loop sleeps."""
    run = live(paused=True)
    heeded, late = threading.Event(), []

    def interrupt(loop, waiting):
        waiting.cancel()
        if not heeded.wait(30):
            late.append(loop.call_soon_threadsafe(lambda: None))

    async def awaited():
        loop, waiting = asyncio.get_running_loop(), asyncio.ensure_future(_awaited(run))
        await asyncio.sleep(0)
        thread = threading.Timer(0.1, interrupt, (loop, waiting))  # by then the loop sleeps
        thread.start()
        try:
            await waiting
        finally:
            heeded.set()
            thread.join()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(awaited())
    assert not late


async def _awaited(run):
    return await run


@pytest.fixture
def execute(monkeypatch):
    """Return a function that begins to execute a cell, by its id and the execution's number."""
    hooks = []
    monkeypatch.setattr(_cell_runs, "before_each_cell", hooks.append)
    monkeypatch.setattr(_live_run, "_RUNS", _cell_runs.CellRuns())

    def execute(cell, number):
        execution = Execution(cell, f"{cell} {number}")
        monkeypatch.setattr(_cell_runs, "executed_cell", lambda: execution)
        for hook in hooks:
            hook()

    return execute


def test_a_cell_that_runs_again_ends_its_old_run(live, execute):
    """Whose picture and buttons went with its outputs; no other cell's."""
    execute("c1", 1)
    first, second = live(data=Endless(), plot=False), live(paused=True)
    execute("c2", 1)
    other = live(paused=True)
    execute("c1", 2)
    first.wait(60)
    second.wait(60)
    assert (first.state, second.state) == ("stopped", "stopped")
    again = live(paused=True)
    execute("c3", 1)
    assert (other.state, again.state) == ("paused", "paused")


def test_a_call_that_does_not_end_holds_no_cell_up(live, execute, monkeypatch):
    """Whoever mends a Handler that hangs runs its cell again; the old run ends when it can."""
    monkeypatch.setattr(_cell_runs, "_GRACE_S", 0.01)
    called, free = threading.Event(), threading.Event()

    class Hangs(Handler):
        def point(self, point):
            called.set()
            free.wait(60)

    execute("c1", 1)
    hanging = live(Hangs)
    assert called.wait(60)
    execute("c1", 2)
    assert live(paused=True).state == "paused"
    assert hanging.state == "running"
    free.set()
    hanging.wait(60)
    assert hanging.state == "stopped"


def test_waiting_for_a_paused_run_is_refused(live):
    """It would never end."""
    run = live(paused=True)
    with pytest.raises(RuntimeError, match=r"resume\(\)"):
        run.wait()


def test_a_wait_that_is_too_short_says_how_far_the_run_is(live):
    """And what to do, which depends on whether it goes on."""
    run = live(paused=True)
    text = r"not over after 0 s: the run is paused, 0 points handled; resume\(\) or stop\(\) it"
    with pytest.raises(TimeoutError, match=text):
        run.wait(0)
    run.step(3)
    text = r"3 points handled, the last of 1970-01-01T00:00:02Z; resume\(\)"
    with pytest.raises(TimeoutError, match=text):
        run.wait(0.0)
    endless = live(data=Endless(), plot=False)
    with pytest.raises(TimeoutError, match=r"is running, .*; wait\(\) again, or stop\(\) it"):
        endless.wait(0)


def test_the_thread_has_the_context_of_the_cell(live):
    """By it ipykernel knows to which cell a print belongs."""
    cell = contextvars.ContextVar("cell")
    cell.set("the first")
    seen = []

    class Looks(Handler):
        def point(self, point):
            seen.append(cell.get(None))

    live(Looks).wait()
    assert set(seen) == {"the first"}


def test_first_and_last_bundles_agree(live, displays):
    """The bookend rule, for picture, buttons and moment."""
    run = live(paused=True)
    run.step(2)
    run.resume()
    run.wait()
    picture, buttons, moment = (shown.bundles for shown in displays.all)
    assert picture[0] == {"text/plain": "<live plot of Mean>"}
    assert picture[-1].keys() == {"text/plain", "image/png"}
    assert picture[-1]["text/plain"] == picture[0]["text/plain"]
    for bundles in (buttons, moment):
        assert len(bundles) > 1
        assert bundles[0] == bundles[-1] == {}


def test_a_run_is_shown_in_another_place(live, displays):
    """A page that was opened again knows no display of before; those are left as at first."""
    run = live(paused=True)
    run.step(2)
    run.show()
    before, after = displays.all[:3], displays.all[3:]
    left = [list(shown.bundles) for shown in before]
    assert [bundles[-1] for bundles in left] == [{"text/plain": "<live plot of Mean>"}, {}, {}]
    assert [shown.bundles[0] for shown in after] == [shown.bundles[-2] for shown in before]
    run.step()
    assert "input 2 of" in after[2].bundles[-1]["text/html"]
    run.resume()
    run.wait()
    assert [list(shown.bundles[-1]) for shown in after] == [["text/plain", "image/png"], [], []]
    assert [shown.bundles for shown in before] == left


def test_a_run_that_is_over_is_shown_once_more(live, displays):
    """Its last picture; the first one stays."""
    run = live()
    run.wait()
    run.show()
    assert displays.all[3].bundles == displays.all[0].bundles[-1:]


def test_buttons_are_a_widget_and_no_text(live, displays):
    """A front end without widgets shows nothing of them."""
    live(paused=True)
    (shown,) = displays.all[1].bundles[1:]
    assert shown.keys() == {"application/vnd.jupyter.widget-view+json"}


def test_without_widgets_there_are_no_buttons(live, displays, monkeypatch):
    """And the functions do the same."""
    monkeypatch.setattr("kapnb.notebook._live_run.widgets_exist", lambda: False)
    run = live(paused=True)
    run.step()
    assert displays.all[1].bundles == [{}]
    assert "kapnb-moment" in displays.all[2].bundles[-1]["text/html"]


def test_where_nobody_looks_it_is_over_at_once(live, displays):
    """At full speed whatever is asked for, with a picture that is always the same."""
    pictures = []
    for _ in range(2):
        run = live(attended=False, paused=True, speed=0.001)
        assert run.state == "finished"
        pictures.append(displays.all[-3].bundles[-1]["image/png"])
        assert [shown.bundles for shown in displays.all[-2:]] == [[{}], [{}, {}]]
    assert pictures[0] == pictures[1]


def test_simulate_waits_and_shows_the_picture_alone(handlers, points, displays, monkeypatch):
    """It cannot be steered, so it has no place for buttons."""
    monkeypatch.setattr("kapnb.notebook._live_run.kernel_display", lambda: displays)
    run = simulate(handlers.Mean, points(20), live=True)
    assert len(run.outputs) == 20
    assert len(displays.all) == 1


def test_a_simulation_that_has_run_is_left_alone(run):
    """Its live run is another one."""
    done = run()
    again = done.live(attended=True).wait()
    assert again is not done
    assert [output.item for output in again.outputs] == [output.item for output in done.outputs]


def test_a_run_that_ends_a_cell_says_nothing_that_changes(live):
    """Its text is the same whatever it is doing."""
    run = live(paused=True)
    before = repr(run)
    run.resume()
    run.wait()
    assert repr(run) == before == "<live run of Mean>"


def test_waiting_and_pausing_at_once_is_refused(handlers, points):
    """Nobody could resume it."""
    with pytest.raises(ValueError, match="nobody could resume"):
        Simulation(handlers.Mean, points(3)).live(wait=True, paused=True)


def test_a_watcher_comes_before_the_run(run):
    """Later it would miss the beginning."""
    with pytest.raises(RuntimeError, match="has begun"):
        run().watch(None)


@pytest.mark.parametrize("walk", ["step", "back"])
def test_walking_nowhere_is_refused(live, walk):
    """Backward is what back is for."""
    with pytest.raises(ValueError, match="from 1"):
        getattr(live(paused=True), walk)(0)
