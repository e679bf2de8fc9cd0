"""What Handlers under test keep in globals and classes is of one test."""

import pytest

import handlers_of_faults as zoo
import walks


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    walks.SEEN.clear()
    zoo.InClass.last.clear()
