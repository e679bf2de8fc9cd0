"""A thread's time, without that in which it waited for a processor."""

import pytest

from kapnb.notebook._own_time import own_time


def test_waiting_for_a_processor_does_not_count(tmp_path):
    """Ten seconds went by, in four of which others had it."""
    stat = tmp_path / "schedstat"
    now = 100.0
    stat.write_text("7000000000 2000000000 31\n")
    own = own_time(lambda: now, str(stat))
    began = own()
    now = 110.0
    stat.write_text("7000000100 6000000000 45\n")
    assert own() - began == 6


@pytest.mark.parametrize("said", [None, "", "no numbers here"])
def test_a_system_that_does_not_say_has_no_such_clock(said, tmp_path):
    """Of which macOS is one."""
    stat = tmp_path / "schedstat"
    if said is not None:
        stat.write_text(said)
    assert own_time(path=str(stat)) is None
