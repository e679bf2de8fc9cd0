"""The budget rule, on a clock that stands still between looks."""

import pytest

from kapnb.notebook._budget import FrameBudget


class Stage:
    """A run of which the test says how long work and frames take."""

    def __init__(self, **settings):
        self.now = 100.0
        self.budget = FrameBudget(lambda: self.now, **{"fps": 10, "share": 0.07, **settings})

    def work(self, seconds):
        self.now += seconds
        return self.budget.allows()

    def draw(self, seconds):
        self.budget.spend(lambda: self.work(seconds))


class Own:
    """The run's own time: a fifth of a stage's, since others have the processor."""

    stage = None

    def __call__(self):
        return self.stage.now / 5 if self.stage else 20.0


def test_a_short_run_draws_no_frame():
    """100 ms are assumed, which 7 % allow after 1.429 s and not before."""
    stage = Stage()
    assert not stage.work(1.42)
    assert stage.work(0.01)


def test_frames_wait_for_their_cost_over_the_share():
    """After a frame of 70 ms, one second goes by."""
    stage = Stage()
    stage.work(10)
    stage.draw(0.070)
    assert not stage.work(0.99)
    assert stage.work(0.02)


def test_frames_never_come_faster_than_fps():
    """However cheap a frame is, ten a second are enough."""
    stage = Stage()
    stage.work(10)
    stage.draw(0.000_1)
    assert not stage.work(0.099)
    assert stage.work(0.002)


def test_all_drawing_stays_within_the_share():
    """A frame that cost too much is paid for before the next, cheap one."""
    stage = Stage()
    assert stage.work(2.0)
    stage.draw(0.700)
    stage.draw(0.010)
    # 0.710 spent and 0.010 expected need 10.29 s of work.
    assert not stage.work(8.2)
    assert stage.work(0.2)


@pytest.mark.parametrize("cost", [0.004, 0.04, 0.4])
@pytest.mark.parametrize("share", [0.02, 0.07, 0.5])
def test_the_share_holds_for_any_cost(cost, share):
    """Once the first frame has shown what a frame costs, no run is slowed by more."""
    stage = Stage(share=share)
    worked = drawn = frames = 0
    while worked < 300:
        worked += 0.05
        if stage.work(0.05):
            stage.draw(cost)
            drawn += cost
            frames += 1
        assert drawn <= max(share * worked + 1e-9, cost)
    assert frames > 5


def test_what_was_done_aside_is_booked_but_not_expected_again():
    """A figure made anew is paid for; the frame after it does without."""
    stage = Stage()
    stage.work(10)

    def draw():
        with stage.budget.aside():
            stage.now += 0.4
        stage.now += 0.1

    stage.budget.spend(draw)
    assert not stage.work(1.42)
    assert stage.work(0.01)  # 0.1 is expected, and 0.6 in all, of 0.8 earned
    stage.draw(0.1)
    assert not stage.work(1.42)  # 0.7 in all, of 0.9
    assert stage.work(0.01)
    stage.budget.spend(draw)
    assert not stage.work(4.2)  # 1.2 in all: 17.143 s
    assert stage.work(0.1)


def test_own_time_aside_is_not_expected_again_either():
    """By the run's own time as by the clock."""
    own = Own()
    stage = Stage(busy=own)
    own.stage = stage

    def draw():
        with stage.budget.aside():
            stage.now += 0.4
        stage.now += 0.1

    stage.budget.spend(draw)  # 0.1 of its own, and 0.02 expected
    assert not stage.work(8.5)
    assert stage.work(0.1)  # 0.12 are earned in 1.714, a fifth of 8.571


def test_time_in_which_others_ran_earns_nothing():
    """A run that got a fifth of the processor draws as after a fifth of the time."""
    own = Own()
    stage = Stage(busy=own)
    own.stage = stage
    stage.draw(0.5)  # 0.1 of its own
    assert not stage.work(14.2)  # 0.2 of it, with the next, are earned in 2.857
    assert stage.work(0.2)


def test_what_a_failed_frame_cost_is_booked():
    """An exception leaves the budget in order."""
    stage = Stage()
    stage.work(1)

    def fail():
        stage.now += 0.5
        raise ValueError

    with pytest.raises(ValueError):
        stage.budget.spend(fail)
    assert not stage.work(5)
