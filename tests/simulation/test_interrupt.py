"""A run that is interrupted ends, and what came until then is kept."""

from __future__ import annotations

import gc
import signal
import threading

import pandas as pd
import pytest
from jupyter_client.manager import start_new_kernel

import kapnb
from kapnb import BATCH, Handler, Point, simulate
from kapnb.simulation import Simulation
from kapnb.simulation._interrupt import InterruptGate

POINTS = [Point({"n": n}, time=n, name="m") for n in range(50)]
FRAME = pd.DataFrame({"n": range(50), "time": range(50)})


def press():
    """Do as Ctrl-C and the stop button do."""
    signal.raise_signal(signal.SIGINT)


class Pressed(Handler):
    """Answers twice, and is interrupted in between at the 20th point."""

    def point(self, point):
        yield point
        if point.fields["n"] == 19:
            press()
        yield point.with_fields(again=True)


class Skipping(Pressed):
    error_policy = "skip"


class Raised(Handler):
    def point(self, point):
        if point.fields["n"] == 19:
            raise KeyboardInterrupt
        return point


class Batches(Handler):
    wants = provides = BATCH

    def point(self, point):
        if point.time == 2:
            press()
        yield point


@pytest.fixture(autouse=True)
def _nothing_stays():
    """No test leaves a run, or a signal's handler, behind."""
    yield
    kapnb.simulation._last._last_run = lambda: None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("data", [POINTS, FRAME], ids=["points", "frame"])
@pytest.mark.parametrize(
    ("handler", "outputs"),
    [(Pressed, 39), (Skipping, 38), (Raised, 19)],
    ids=["pressed", "skipping", "raised"],
)
def test_what_came_until_then_is_kept(data, handler, outputs):
    """The input at hand is there, too, with what it gave unless that was to be one whole."""
    run = simulate(handler, data, errors="keep")

    assert run.interrupted
    assert (len(run.inputs), len(run.outputs)) == (20, outputs)
    assert str(run.error) == "interrupted after 20 inputs"
    assert len(run.frame) == outputs
    assert len(run.input_frame) == 20
    assert len(run.transcript) == 2 + 20 + outputs
    assert run.snapshot == b""
    each = 1 if handler is Raised else 2
    assert [output.input for output in run.outputs] == [n // each for n in range(outputs)]
    assert repr(run).endswith(f"20 points in, {outputs} points out, interrupted)")


def test_by_default_the_interrupt_goes_on_and_the_run_can_be_had():
    """From the exception, and from `last_run` when that is gone."""
    with pytest.raises(KeyboardInterrupt, match="last_run") as caught:
        simulate(Pressed, FRAME)

    run = caught.value.simulation
    assert kapnb.last_run() is run
    assert len(run.outputs) == 39


def test_the_last_run_is_not_kept_for_its_own_sake():
    """One that was not interrupted goes when nobody has it."""
    run = simulate(Handler, POINTS)
    assert kapnb.last_run() is run
    del run
    gc.collect()
    assert kapnb.last_run() is None


def test_no_batch_is_kept_by_halves():
    """It would be one that nobody sent."""
    data = [Point({"n": n}, time=n, name="m", tags={"g": "abc"[n]}) for n in range(3)]

    run = simulate(Batches, data, group_by="g", errors="keep")

    assert run.interrupted
    assert [output.item.tags["g"] for output in run.outputs] == ["a", "b"]
    assert len(run.inputs) == 3


def test_stop_is_called_and_observers_see_the_end():
    """After what came is in place."""
    calls = []

    class Stopped(Raised):
        def stop(self):
            calls.append("stop")

    class Watch:
        def started(self, simulation):
            pass

        advanced = started

        def finished(self, simulation):
            calls.append((simulation.interrupted, len(simulation.outputs)))

    Simulation(Stopped, POINTS, observers=[Watch()]).run()

    assert calls == ["stop", "stop", (True, 19)]  # the first is of the Handler that gave info


def test_an_interrupt_between_two_entries_waits_for_the_next(monkeypatch):
    """What the Handler has given is noted first, with the input it belongs to."""
    extend = kapnb.simulation._items.Outputs.extend

    def pressed(self, items, inputs):
        if len(self) > 5:
            press()
        extend(self, items, inputs)

    monkeypatch.setattr("kapnb.simulation._items.Outputs.extend", pressed)

    run = simulate(Handler, FRAME, errors="keep")

    assert run.interrupted
    assert [output.input for output in run.outputs] == list(range(len(run.inputs)))
    assert 5 < len(run.outputs) < 50


@pytest.mark.parametrize("where", ["init", "source", "stop", "snapshot"])
def test_it_may_come_at_any_time(where):
    """Before the first point, while data is read, at the end."""

    class Anywhere(Handler):
        def init(self):
            if where == "init":
                press()

        def snapshot(self):
            if where == "snapshot":
                press()
            return b""

    class Source:
        edge = kapnb.STREAM

        def __iter__(self):
            yield from POINTS[:3]
            if where == "source":
                press()
            yield from POINTS[3:]

    class Watch:
        def started(self, simulation):
            pass

        advanced = started

        def finished(self, simulation):
            if where == "stop":
                press()

    simulation = Simulation(Anywhere, Source(), observers=[Watch()])
    if where == "stop":  # all is done by then: whoever pressed must see that it was heard
        with pytest.raises(KeyboardInterrupt):
            simulation.run()
    else:
        assert simulation.run().interrupted
    expected = {"init": 0, "source": 3, "stop": 50, "snapshot": 50}[where]
    assert len(simulation.inputs) == len(simulation.outputs) == expected


def test_an_interrupted_run_is_not_recorded(tmp_path, monkeypatch):
    """An export would replay an input that was not handled to its end."""
    monkeypatch.setenv(kapnb.simulation.RECORD_TO, str(tmp_path))

    simulate(Raised, POINTS, errors="keep")

    assert list(tmp_path.iterdir()) == []


def test_the_stop_button_of_a_notebook_keeps_what_came():
    """A real kernel, interrupted while a Handler waits for something."""
    cell = """\
import threading
from kapnb import Handler, Point, last_run, simulate
class Waits(Handler):
    def point(self, point):
        if point.fields["n"] == 7:
            print("waiting", flush=True)
            threading.Event().wait(60)
        return point
run = simulate(Waits, [Point({"n": n}, time=n) for n in range(20)])"""
    manager, client = start_new_kernel(kernel_name="python3")
    try:

        def stop(message):
            if message["msg_type"] == "stream" and "waiting" in message["content"]["text"]:
                manager.interrupt_kernel()

        reply = client.execute_interactive(cell, output_hook=stop, timeout=60)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert "last_run" in reply["content"]["evalue"]
        texts = []
        client.execute_interactive(
            "print(repr(last_run()))",
            output_hook=lambda message: texts.append(message["content"].get("text")),
            timeout=60,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "Simulation(Waits: 8 points in, 7 points out, interrupted)\n" in texts


def test_another_thread_runs_without_the_gate():
    """Signals go to the main thread; nothing is installed for others."""
    runs = []
    thread = threading.Thread(target=lambda: runs.append(simulate(Raised, POINTS, errors="keep")))
    thread.start()
    thread.join()
    assert runs[0].interrupted
    assert len(runs[0].outputs) == 19


def test_a_handler_of_signals_that_somebody_has_set_stays():
    """They know what they want of Ctrl-C."""
    heard = []
    previous = signal.signal(signal.SIGINT, lambda *_: heard.append("theirs"))
    try:
        run = simulate(Pressed, POINTS)
    finally:
        signal.signal(signal.SIGINT, previous)
    assert heard == ["theirs"]
    assert not run.interrupted
    assert len(run.outputs) == 100


def test_a_signal_at_the_very_end_is_not_swallowed():
    """It is raised when the gate goes."""
    gate = InterruptGate()
    with pytest.raises(KeyboardInterrupt), gate.installed():
        press()
