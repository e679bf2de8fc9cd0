"""Buttons: each does what the method of its name does."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from kapnb.notebook._controls import Buttons, widget_view


@pytest.fixture
def asked():
    return []


@pytest.fixture
def run(asked):
    """What the buttons steer; it only notes."""
    names = ("pause", "resume", "step", "back", "stop")
    methods = {name: (lambda name=name: asked.append(name)) for name in names}
    methods["tell"] = asked.append
    return SimpleNamespace(state="running", speed=30.0, **methods)


@pytest.fixture
def buttons(run):
    buttons = Buttons(run)
    yield buttons
    buttons.close()


def test_each_button_calls_its_method(buttons, asked):
    """And nothing else."""
    for part in (buttons.pause, buttons.step, buttons.back, buttons.stop):
        part.click()
    assert asked == ["pause", "step", "back", "stop"]


def test_pause_becomes_resume(buttons, run, asked):
    """While the run stands still."""
    run.state = "paused"
    buttons.refresh("paused")
    assert (buttons.pause.description, buttons.state.value) == ("Resume", "paused")
    buttons.pause.click()
    assert asked == ["resume"]
    buttons.refresh("running")
    assert buttons.pause.tooltip == "Pause"


def test_a_button_says_at_once_that_it_was_heard(run):
    """The Handler's call at hand may take long."""
    said = []
    run.pause = run.stop = run.back = lambda: said.append(buttons.state.value)
    buttons = Buttons(run)
    for part in (buttons.pause, buttons.back, buttons.stop):
        part.click()
    run.state = "paused"
    buttons.refresh("paused")
    buttons.back.click()
    buttons.close()
    assert said == ["pausing", "pausing", "stopping", "paused"]


def test_what_a_button_meets_is_told(run, asked):
    """Else it would end in a log that nobody sees."""
    trouble = OSError("the model's file is gone")
    run.back = Mock(side_effect=trouble)
    buttons = Buttons(run)
    buttons.back.click()
    buttons.close()
    assert asked == [trouble]


def test_the_menu_sets_the_speed(buttons, run):
    """The run's own speed is in it, wherever it came from."""
    assert buttons.speed.value == 30.0
    buttons.speed.value = "max"
    assert run.speed == "max"


def test_a_speed_set_by_hand_is_shown(buttons, run):
    """As if it had been chosen."""
    run.speed = 7.5
    buttons.refresh("running")
    assert buttons.speed.value == 7.5
    assert dict(buttons.speed.options)["7.5x"] == 7.5


def test_a_browser_finds_them_by_their_classes(buttons):
    """And a reader by their titles."""
    parts = {part._dom_classes[-1]: getattr(part, "tooltip", "") for part in buttons.box.children}
    assert parts == {
        "kapnb-live-pause": "Pause",
        "kapnb-live-back": "Step back",
        "kapnb-live-step": "Step",
        "kapnb-live-speed": "Speed",
        "kapnb-live-stop": "Stop",
        "kapnb-live-state": None,
    }


def test_the_view_has_no_text(buttons):
    """Its default one names an address, which no two runs share."""
    assert list(widget_view(buttons.box)) == ["application/vnd.jupyter.widget-view+json"]
