"""Crashes: which input is to blame, when to start again, when to give up."""

import pytest

from kapnb.supervise import Limits
from kapnb.supervise._crashes import AT_START, Crash, Crashes, Verdict, ending

SEGFAULT, KILLED = "signal SIGSEGV", "signal SIGKILL"


def add(crashes, suspects, reason=SEGFAULT, *, progress=(0, 0), now=0.0):
    return crashes.add(Crash(reason, suspects, progress), now)


def test_the_first_crash_is_mended_at_once():
    """And carefully, unless it came from outside."""
    assert add(Crashes(Limits()), range(3, 9)) == Verdict(delay_s=0, careful=True)
    assert add(Crashes(Limits()), range(3, 9), KILLED) == Verdict(delay_s=0, careful=False)


def test_the_suspects_common_to_all_crashes_are_narrowed_to_the_culprit():
    """It must have been alone twice: once may be chance."""
    crashes = Crashes(Limits(same_input=3))
    assert add(crashes, range(3, 90)).culprit is None
    assert add(crashes, range(7, 8)).culprit is None

    assert add(crashes, range(7, 8)).culprit == 7


def test_kills_from_outside_need_more_crashes():
    """The second makes it careful, then an input is alone: each time, as in any careful replay."""
    crashes = Crashes(Limits(same_input=3))
    verdicts = [add(crashes, range(90), KILLED) for _ in range(2)]
    verdicts += [add(crashes, range(7, 8), KILLED) for _ in range(2)]
    assert [verdict.careful for verdict in verdicts] == [False, True, True, True]
    assert [verdict.culprit for verdict in verdicts] == [None] * 4

    assert add(crashes, range(7, 8), KILLED).culprit == 7


def test_crashes_at_different_inputs_have_different_causes():
    """Each begins a new row."""
    crashes = Crashes(Limits(same_input=2, max_restarts=100))

    for number in range(20):
        assert add(crashes, range(number, number + 1)).culprit is None


def test_crashes_without_a_suspect_blame_nobody():
    """An idle process that dies has no input to blame."""
    crashes = Crashes(Limits(same_input=2, max_restarts=100))

    for _ in range(20):
        assert add(crashes, range(5, 5)).culprit is None


def test_a_start_that_always_fails_is_blamed():
    """But not if somebody kills the processes as they start."""
    failing, killed = Crashes(Limits(same_input=2)), Crashes(Limits(same_input=2))
    start = range(AT_START, AT_START + 1)
    add(failing, start)
    add(killed, start, KILLED)

    assert add(failing, start).culprit == AT_START
    assert add(killed, start, KILLED).culprit is None


def test_the_delay_doubles_up_to_five_seconds_without_progress():
    """With progress it begins anew."""
    crashes = Crashes(Limits(max_restarts=100))
    delays = [add(crashes, range(0), progress=(1, 1)).delay_s for _ in range(9)]
    assert delays == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]

    assert add(crashes, range(0), progress=(1, 1), reason=KILLED).delay_s == 1
    assert add(crashes, range(0), progress=(1, 2)).delay_s == 0


def test_restarts_are_counted_within_a_period():
    """What is older than that does not count."""
    crashes = Crashes(Limits(max_restarts=2, restart_period_s=60))
    exhausted = [add(crashes, range(0), now=now).exhausted for now in (0, 30, 60, 90, 91)]

    assert exhausted == ["", "", "", "", "2 times within 60 s"]


def test_restarts_that_bring_the_task_no_further_are_few():
    """Fifty kills within a minute are borne, as long as each process gets somewhere."""
    crashes = Crashes(Limits(max_stuck=2))
    kills = [add(crashes, range(0), KILLED, progress=(number, 0)) for number in range(50)]
    assert not any(verdict.exhausted for verdict in kills)

    stuck = [add(crashes, range(0), KILLED, progress=(49, 0)).exhausted for _ in range(2)]

    assert stuck == ["", "2 times in a row without coming further"]


@pytest.mark.parametrize(
    ("status", "text"), [(0, "exit status 0"), (-9, "signal SIGKILL"), (-40, "signal 40")]
)
def test_an_ending_is_named(status, text):
    """As people know it."""
    assert ending(status) == text


@pytest.mark.parametrize(
    "limit", [{"same_input": 1}, {"snapshot_every": 0}, {"busy_limit_s": float("nan")}]
)
def test_limits_that_make_no_sense_are_refused(limit):
    """Before anything is started."""
    with pytest.raises(ValueError, match="must be at least"):
        Limits(**limit)
