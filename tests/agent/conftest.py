"""Processes for the tests of the runtime."""

import pytest

from processes import Children


@pytest.fixture
def children(tmp_path):
    """Start scripts; what still runs at the end is killed."""
    started = Children(tmp_path)
    yield started
    started.clean_up()
