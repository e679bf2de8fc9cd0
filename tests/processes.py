"""Kapacitor's side of a script in a process, and what tests hold such a script up with.

Nothing here sleeps: a script is held at a *gate*, a pipe that the test opens, and it says
through a *sign*, a pipe that the test reads, how far it has come.
"""

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path

from kapnb.model import KeepaliveResponse
from kapnb.protocol import Connection, Role

#: A safety net: nothing is expected to take any of it.
TIMEOUT_S = 60
PULSE = KeepaliveResponse(0)

#: What a script may import from `helpers`; the numbers are inherited pipes.
HELPERS = """\
GATE = {gate}


def hold():
    "Wait until the test opens the gate."
    import os
    return os.read({gate}, 1)


def sign(text):
    "Tell the test something."
    import os
    os.write({sign}, text.encode())
"""

#: For scripts: a clock that, once told to, leaps at every look, so that a limit is passed by
#: looks at the clock and not by waiting.
CLOCK = """\
import time


class Clock:
    extra = step = 0.0

    def __call__(self):
        self.extra += self.step
        return time.monotonic() + self.extra


clock = Clock()


def leap(seconds):
    "From now on, every look at the clock finds it so much later."
    clock.step = seconds


def leaping(pulse):
    "Return what makes a Pulse by that clock."
    def make(watched, **settings):
        return pulse(watched, **{**settings, "clock": clock})
    return make
"""


class Child:
    """One process, started as Kapacitor starts it.

    Parameters
    ----------
    command : list of str
        What to run.
    folder : Path
        Where.
    env : dict, optional
        Further environment.
    """

    def __init__(self, command, folder, env=None):
        gate_read, self._gate = os.pipe()
        self._sign, sign_write = os.pipe()
        (folder / "helpers.py").write_text(HELPERS.format(gate=gate_read, sign=sign_write) + CLOCK)
        self.connection = Connection(Role.KAPACITOR)
        self.heard = ""  # of stderr
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            bufsize=0,
            pass_fds=(gate_read, sign_write),
            env={**os.environ, "PYTHONPATH": str(folder), **(env or {})},
        )
        os.close(gate_read)
        os.close(sign_write)

    def open_gate(self, times=1):
        """Let the script go on."""
        os.write(self._gate, b"x" * times)

    def await_sign(self, text):
        """Wait until the script has said `text`; it must say nothing else before."""
        said = b""
        while len(said) < len(text):
            piece = self._read(self._sign)
            assert piece, f"the script ended before it said {text!r}: {said!r}"
            said += piece
        assert said.decode() == text

    def _read(self, fd):
        ready, _, _ = select.select([fd], [], [], TIMEOUT_S)
        assert ready, f"nothing came in {TIMEOUT_S} s; stderr so far: {self.heard}"
        return os.read(fd, 65536)

    def send(self, *messages):
        """Write requests in one go."""
        self.send_bytes(b"".join(self.connection.send(message) for message in messages))

    def send_bytes(self, data):
        """Write bytes as they are."""
        view = memoryview(data)
        while view:
            view = view[self.process.stdin.write(view) :]

    def next_responses(self):
        """Return the responses of one read, pulses included; empty at the end of the stream."""
        while True:
            data = self._read(self.process.stdout.fileno())
            if not data:
                return []
            self.connection.receive_data(data)
            if events := list(self.connection.events()):
                return events

    def receive(self, count, *, pulses=False):
        """Return the next `count` responses; signs of life count only with `pulses`."""
        events = []
        while len(events) < count:
            more = self.next_responses()
            assert more, f"no more responses; so far {events}; stderr: {self.finish()[2]}"
            events += more if pulses else [event for event in more if event != PULSE]
        return events

    def await_pulses(self, count):
        """Wait for signs of life; nothing else may come."""
        assert set(self.receive(count, pulses=True)) == {PULSE}

    def await_stderr(self, text):
        """Wait until `text` was written to stderr; return all of it so far."""
        while text not in self.heard:
            piece = self._read(self.process.stderr.fileno())
            assert piece, f"stderr ended without {text!r}: {self.heard}"
            self.heard += piece.decode()
        return self.heard

    def finish(self):
        """Close stdin; return remaining responses without pulses, exit status and stderr."""
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        if out:
            self.connection.receive_data(out)
        events = [event for event in self.connection.events() if event != PULSE]
        self.heard += err.decode(errors="replace")
        return events, self.process.returncode, self.heard

    def ends(self):
        """Return the exit status of a process that ends although stdin stays open."""
        return self.process.wait(TIMEOUT_S)

    def clean_up(self):
        """Leave nothing behind, whatever the test did."""
        self.process.kill()
        self.process.wait(TIMEOUT_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()
        for fd in (self._gate, self._sign):
            os.close(fd)


class Children:
    """Starts processes in one folder.

    Parameters
    ----------
    folder : Path
        Where scripts are written.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self._all = []

    def script(self, source, *, env=None, name="udf.py"):
        """Start a script."""
        (self.folder / name).write_text(source)
        return self.command([sys.executable, name], env=env)

    def kapnb_run(self, source, *, env=None, name="udf.py"):
        """Start ``kapnb run`` on a script."""
        (self.folder / name).write_text(source)
        return self.command([sys.executable, "-m", "kapnb", "run", name], env=env)

    def command(self, command, *, env=None):
        """Start a command."""
        self._all.append(Child(command, self.folder, env))
        return self._all[-1]

    def clean_up(self):
        """End all."""
        for child in self._all:
            child.clean_up()
