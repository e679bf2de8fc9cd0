"""Whether somebody is there, as far as a kernel can know."""

import sys
from types import SimpleNamespace

import pytest

from kapnb.notebook._front_end import MODE, before_each_cell, executed_cell, is_attended


@pytest.fixture
def kernel(monkeypatch):
    """Be in a kernel that executes such a request."""

    def kernel(metadata=None, **content):
        request = {"content": content} if content else None
        if metadata is not None:
            request = {"header": {"msg_id": "one"}, "metadata": metadata, "content": content}
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


def test_a_front_end_says_which_cell_is_executed(kernel):
    """As JupyterLab does; a console, or a program, does not."""
    kernel({"cellId": "c1", "deletedCells": []})
    assert executed_cell() == ("c1", "one")
    kernel({})
    assert executed_cell() is None


def test_without_a_kernel_no_cell_is_executed(monkeypatch):
    """Nor before the first request."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert executed_cell() is None


def test_something_is_called_before_each_cell(shell, monkeypatch):
    """Through IPython's own events."""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    called = []
    before_each_cell(lambda: called.append(1))
    shell.run_cell("1")
    shell.run_cell("2")
    assert called == [1, 1]


def test_without_a_shell_nothing_is_called(monkeypatch):
    """A script has no cells."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    before_each_cell(pytest.fail)
