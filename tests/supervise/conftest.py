"""`kapnb run --supervise` as a process, with Kapacitor's side of its pipes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kapnb.model import KeepaliveResponse
from kapnb.protocol import Connection, Role

#: A safety net; nothing here takes that long.
TIMEOUT_S = 60
#: Put before every Handler: each process notes that it is there, and what it was told.
HEAD = """\
import os, signal, sys, threading, time
with open({pids!r}, "a") as pids:
    pids.write(f"{{os.getpid()}}\\n")
from kapnb import BATCH, Batch, Handler, InitResponse, Option, Point
"""


class Kapacitor:
    """Kapacitor's side of one front process."""

    def __init__(self, folder: Path, source: str, arguments: tuple, environment: dict) -> None:
        self.pids = folder / "pids"
        self.log = folder / "log"
        self.pids.touch()
        script = folder / "udf.py"
        script.write_text(HEAD.format(pids=str(self.pids)) + source)
        self.connection = Connection(Role.KAPACITOR)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kapnb", "run", script, "--supervise", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                bufsize=0,
                env=os.environ | environment,
            )
        self.waiting = bytearray()  # to be written
        self.closing = False
        os.set_blocking(self.process.stdin.fileno(), False)

    # ------------------------------------------------------------------ conversation

    def send(self, *messages) -> None:
        """Let requests be written while answers are awaited."""
        for message in messages:
            self.waiting += self.connection.send(message)

    def close(self) -> None:
        """Close Kapacitor's side once all is written."""
        self.closing = True

    def step(self) -> bytes | None:
        """Write what fits and return what has come; None if nothing has for a moment."""
        process = self.process
        writable = [process.stdin] if self.waiting else []
        if self.closing and not self.waiting:
            process.stdin.close()
        readable, writable, _ = select.select([process.stdout], writable, [], 0.01)
        if writable:
            with contextlib.suppress(BlockingIOError):
                del self.waiting[: os.write(process.stdin.fileno(), self.waiting[:65536])]
        return os.read(process.stdout.fileno(), 65536) if readable else None

    def receive(self, count: int) -> list:
        """Return the next `count` responses; keepalives are left out."""
        answers: list = []
        deadline = time.monotonic() + TIMEOUT_S
        while len(answers) < count:
            assert time.monotonic() < deadline, f"no answer; so far {answers}; {self.text()}"
            data = self.step()
            assert data != b"", f"no more answers; so far {answers}; {self.text()}"
            answers += self.decode(data)
        return answers

    def finish(self) -> tuple[list, int]:
        """Close Kapacitor's side; return the remaining responses and the exit status."""
        self.close()
        answers: list = []
        deadline = time.monotonic() + TIMEOUT_S
        while (data := self.step()) != b"":
            assert time.monotonic() < deadline, f"no end; so far {answers}; {self.text()}"
            answers += self.decode(data)
        return answers, self.process.wait(TIMEOUT_S)

    def decode(self, data: bytes | None) -> list:
        if data:
            self.connection.receive_data(data)
        events = self.connection.events()
        return [event for event in events if not isinstance(event, KeepaliveResponse)]

    def wait(self) -> int:
        """Return the exit status of a front process that ends by itself."""
        return self.process.wait(TIMEOUT_S)

    # --------------------------------------------------------------- Handler processes

    def handler_pids(self) -> list[int]:
        """Return the Handler processes so far."""
        return [int(line) for line in self.pids.read_text().split("\n")[:-1]]

    def wait_for_handler(self, number: int) -> int:
        """Return the pid of the `number`th Handler process, counted from 1."""
        deadline = time.monotonic() + TIMEOUT_S
        while len(pids := self.handler_pids()) < number:
            assert time.monotonic() < deadline, self.text()
            self.step_without_answers()
        return pids[number - 1]

    def step_without_answers(self) -> None:
        data = self.step()
        assert data is None or not self.decode(data), "an answer that nobody awaits"

    def kill_handler(self, number: int, sign: int = signal.SIGKILL) -> None:
        os.kill(self.wait_for_handler(number), sign)

    def text(self) -> str:
        """Return what was logged so far."""
        return self.log.read_text()


def is_alive(pid: int) -> bool:
    """Return whether there is such a process; one that only waits to be reaped is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


@pytest.fixture
def start(tmp_path: Path):
    """Give a function that starts a front process; no process may be left at the end."""
    started: list[Kapacitor] = []

    def start(source: str, *arguments: str, **environment: str) -> Kapacitor:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Kapacitor(folder, source, arguments, environment))
        return started[-1]

    yield start
    left = []
    for kapacitor in started:
        process = kapacitor.process
        ended = process.poll() is not None
        left += [pid for pid in kapacitor.handler_pids() if ended and is_alive(pid)]
        process.kill()
        process.wait(TIMEOUT_S)
        process.stdin.close()
        process.stdout.close()
    assert left == []
