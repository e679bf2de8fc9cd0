"""`kapnb run --supervise` as a process, with Kapacitor's side of its pipes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kapnb.model import KeepaliveResponse
from kapnb.protocol import Connection, Role

#: A safety net; nothing here takes that long.
TIMEOUT_S = 60
#: Put before every Handler: each process notes that it is there, and what it was told.
HEAD = """\
import os, resource, signal, sys, threading, time
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
PIDS = {pids!r}
with open(PIDS, "a") as pids:
    pids.write(f"{{os.getpid()}}\\n")
def is_first():
    return len(open(PIDS).readlines()) == 1
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
            self.write()
        return os.read(process.stdout.fileno(), 65536) if readable else None

    def write(self) -> bool:
        """Write what fits at once; return whether anything did."""
        with contextlib.suppress(BlockingIOError):
            del self.waiting[: os.write(self.process.stdin.fileno(), self.waiting[:65536])]
            return True
        return False

    def receive(self, count: int) -> list:
        """Return the next `count` responses, without keepalives."""
        answers: list = []
        for events in self.events():
            answers += [event for event in events if not isinstance(event, KeepaliveResponse)]
            if len(answers) >= count:
                break
        assert len(answers) == count, f"{answers}; {self.text()}"
        return answers

    def receive_keepalives(self, count: int) -> list[int]:
        """Return the times of the next `count` responses, which must be keepalives."""
        times: list[int] = []
        for events in self.events():
            times += [event.time for event in events]
            if len(times) >= count:
                break
        return times

    def events(self) -> Iterator[list]:
        """Yield the responses as they come, until there are no more."""
        deadline = time.monotonic() + TIMEOUT_S
        while (data := self.step()) != b"":
            assert time.monotonic() < deadline, self.text()
            if data:
                self.connection.receive_data(data)
                yield list(self.connection.events())

    def finish(self) -> tuple[list, int]:
        """Close Kapacitor's side; return the remaining responses and the exit status."""
        self.close()
        answers: list = []
        for events in self.events():
            answers += [event for event in events if not isinstance(event, KeepaliveResponse)]
        return answers, self.process.wait(TIMEOUT_S)

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
            os.sched_yield()
        return pids[number - 1]

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
