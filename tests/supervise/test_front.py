"""Front, in this process, on pipes that hold all there is."""

import os
import sys
import threading

import pytest

from harness import cpu
from kapnb.agent import EXIT_FAILED, EXIT_OK
from kapnb.model import InitRequest, InitResponse, KeepaliveResponse
from kapnb.protocol import Connection, Role
from kapnb.supervise import Front, Limits

AGENT = """
from kapnb import Handler
from kapnb.agent import run

class Mirror(Handler):
    pass

run(Mirror)
"""
#: Leaves a child that holds its pipes, and ends.
FORKING = "import os; os.fork() and os._exit(3); os.read(0, 1)"
#: Closes its input, and stays until its output is closed.
DEAF = "import os, select; os.close(0); p = select.poll(); p.register(1, 0); p.poll()"
#: Closes its output, and stays.
MUTE = "import os, signal; os.close(1); signal.pause()"


class Pipes:
    """Kapacitor's side: all requests, and what was answered."""

    def __init__(self):
        self.kapacitor = Connection(Role.KAPACITOR)
        self.read_fd, ours = os.pipe()
        data = b"".join(map(self.kapacitor.send, [InitRequest(), cpu(time=1), cpu(time=2)]))
        os.write(ours, data)
        os.close(ours)
        self.ours, self.write_fd = os.pipe()

    def answers(self):
        """Return the responses; of signs of life there are as many as the machine is slow."""
        self.kapacitor.receive_data(os.read(self.ours, 1 << 16))
        events = self.kapacitor.events()
        return [event for event in events if not isinstance(event, KeepaliveResponse)]


@pytest.fixture
def pipes():
    """Pipes that are closed in the end."""
    pipes = Pipes()
    yield pipes
    for fd in (pipes.read_fd, pipes.ours, pipes.write_fd):
        os.close(fd)


def front(pipes, *command, **limits):
    return Front(command, pipes.read_fd, pipes.write_fd, limits=Limits(**limits))


def test_any_command_can_be_supervised(pipes):
    """And the descriptors are given back as they were."""
    assert front(pipes, sys.executable, "-c", AGENT).run() == EXIT_OK

    first, *points = pipes.answers()
    assert first == InitResponse()
    assert [point.time for point in points] == [1, 2]
    assert os.get_blocking(pipes.write_fd)


def test_a_front_runs_in_any_thread(pipes):
    """Signals are then somebody else's business."""
    served = front(pipes, sys.executable, "-c", AGENT)
    thread = threading.Thread(target=served.run)
    thread.start()
    thread.join()

    assert served.supervisor.exit_status == EXIT_OK
    assert len(pipes.answers()) == 3


def test_a_program_that_is_not_there_is_named(pipes):
    """Kapacitor is told at once."""
    assert front(pipes, "/nothing/here").run() == EXIT_FAILED

    (error,) = pipes.answers()
    assert "cannot be started: [Errno 2] No such file or directory: '/nothing/here'" in error.error


def test_an_end_is_noticed_although_a_child_holds_the_pipe(pipes):
    """The end of the output never comes."""
    assert front(pipes, sys.executable, "-c", FORKING).run() == EXIT_FAILED

    *_, error = pipes.answers()
    assert "exit status 3" in error.error


def test_a_process_that_does_not_read_is_found_out(pipes):
    """It gives no sign of life."""
    assert front(pipes, sys.executable, "-c", DEAF, busy_limit_s=0.2).run() == EXIT_FAILED

    *_, error = pipes.answers()
    assert "it hung: no sign of life for 0.2 s" in error.error


def test_a_process_that_has_closed_its_output_must_end(pipes):
    """It is killed after the grace period."""
    command = (sys.executable, "-c", MUTE)

    assert front(pipes, *command, grace_s=0.1, max_restarts=0).run() == EXIT_FAILED

    *_, error = pipes.answers()
    assert "it closed its output and did not end" in error.error
