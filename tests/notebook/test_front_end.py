"""Whether somebody is there, as far as a kernel can know."""

import sys
from types import SimpleNamespace

import pytest

from kapnb.notebook._front_end import MODE, is_attended


@pytest.fixture
def kernel(monkeypatch):
    """Be in a kernel that executes such a request."""

    def kernel(**content):
        request = {"content": content} if content else None
        fake = SimpleNamespace(get_parent=lambda channel: request)
        ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=fake))
        monkeypatch.setitem(sys.modules, "IPython", ipython)

    return kernel


@pytest.mark.parametrize("allowed", [True, False])
def test_a_request_that_forbids_to_ask_is_a_programs(kernel, allowed):
    """nbclient and nbval forbid it, front ends allow it."""
    kernel(allow_stdin=allowed)
    assert is_attended({}) is allowed


def test_without_a_request_or_a_kernel_somebody_may_be_there(kernel, monkeypatch):
    """A prompt, or a script that waits for its run."""
    kernel()
    assert is_attended({})
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert is_attended({})


def test_a_setting_decides_otherwise(kernel):
    """For what cannot be seen."""
    kernel(allow_stdin=False)
    assert is_attended({MODE: "background"})
    assert not is_attended({MODE: "wait"})


def test_a_setting_that_is_none_is_refused():
    """A typo must not look like a choice."""
    with pytest.raises(ValueError, match='KAPNB_LIVE is "background" or "wait"'):
        is_attended({MODE: "headless"})
