"""Combinations run side by side, in processes forked from this one.

A Handler of a notebook's cell cannot be pickled; a forked process has it already, and the data
too, so that only numbers go there and outcomes come back. Where there is no fork, or a thread of
ours might hold a lock in the moment of it, everything runs here instead: slower, to the same
result.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from kapnb.simulation._interrupt import InterruptGate
from kapnb.whatif._outcome import Outcome, Setting, Start, run_combination

__all__ = ["outcomes", "worker_count"]

#: Seconds between two looks at the clock while nothing comes.
_EVERY_S = 0.2
#: What a forked process answers if the Handler raised KeyboardInterrupt.
_INTERRUPTED = "interrupted"

Grid = Sequence[Mapping[str, Any]]


def worker_count(asked: int | None, combinations: int) -> int:
    """Return how many processes to fork; 1 for none.

    Parameters
    ----------
    asked : int, optional
        By default as many as this process may use processors.
    combinations : int
        How many there are to run.

    Raises
    ------
    ValueError
        If less than one is asked for.
    """
    if asked is not None and asked < 1:
        raise ValueError(f"workers is at least 1, not {asked}")
    count = min(_processors() if asked is None else asked, combinations)
    obstacle = _obstacle() if count > 1 else ""
    if not obstacle:
        return max(count, 1)
    if asked is not None or "thread" in obstacle:
        warnings.warn(f"the sweep runs in this process: {obstacle}", RuntimeWarning, stacklevel=3)
    return 1


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _obstacle() -> str:
    """Say why nothing can be forked; nothing if it can."""
    # On macOS the system's own libraries do not survive a fork.
    if sys.platform == "darwin" or "fork" not in multiprocessing.get_all_start_methods():
        return f"{sys.platform} has no safe fork"
    if multiprocessing.current_process().daemon:
        return "it is itself in a worker process"
    ours = [thread.name for thread in threading.enumerate() if thread.name.startswith("kapnb")]
    if ours:
        return f"the thread {ours[0]} is running; end it first, or say workers=1"
    return ""


def outcomes(
    setting: Setting, grid: Grid, workers: int, *, tick: Callable[[], None] = lambda: None
) -> Generator[tuple[int, Outcome], None, None]:
    """Yield each combination's position and outcome, as they come.

    Parameters
    ----------
    setting : Setting
    grid : sequence of dict
        What varies, one a combination.
    workers : int
        As `worker_count` gives it.
    tick : callable, optional
        Called now and then while nothing comes.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted. No process is left then, or whenever the iterator is closed.
    """
    start = Start(setting.handler)
    try:
        if workers > 1:
            yield from _Pool(setting, grid, start, workers).run(tick)
            return
        for position, chosen in enumerate(grid):
            yield position, run_combination(setting, chosen, start)
            tick()
    finally:
        start.restore()


class _Pool:
    """Forked processes, each with one combination at a time."""

    def __init__(self, setting: Setting, grid: Grid, start: Start, workers: int) -> None:
        self._setting, self._grid, self._start = setting, grid, start
        self._workers = workers
        self._fork = multiprocessing.get_context("fork")
        self._processes: dict[Connection, Any] = {}
        self._running: dict[Connection, int] = {}
        self._gate = InterruptGate()

    def run(self, tick: Callable[[], None]) -> Iterator[tuple[int, Outcome]]:
        """See `outcomes`."""
        waiting = iter(range(len(self._grid)))
        with self._gate.installed():
            try:
                for _ in range(self._workers):
                    self._give(self._started(), waiting)
                while self._running:
                    with self._gate:
                        ready = wait(list(self._running), timeout=_EVERY_S)
                    for connection in ready:
                        assert isinstance(connection, Connection)
                        yield self._taken(connection, waiting)
                    tick()
            finally:
                self._end()

    def _started(self) -> Connection:
        ours, theirs = self._fork.Pipe()
        inherited = [*self._processes, ours]
        process = self._fork.Process(
            target=_serve,
            args=(theirs, inherited, self._setting, self._grid, self._start),
            name="kapnb-sweep",
            daemon=True,
        )
        with warnings.catch_warnings():
            # A kernel always has threads; those that hold locks of ours were looked for.
            warnings.filterwarnings("ignore", ".*use of fork", DeprecationWarning)
            process.start()
        theirs.close()
        self._processes[ours] = process
        return ours

    def _give(self, connection: Connection, waiting: Iterator[int]) -> None:
        """Give a process the next combination; end it if there is none."""
        position = next(waiting, None)
        if position is None:
            connection.close()  # which it waits for
            self._processes.pop(connection).join()
            return
        connection.send(position)
        self._running[connection] = position

    def _taken(self, connection: Connection, waiting: Iterator[int]) -> tuple[int, Outcome]:
        """Take an outcome; of a process that died, that it did."""
        position = self._running.pop(connection)
        try:
            answer = connection.recv()
        except (EOFError, OSError):
            answer = Outcome(failure=("HandlerError", self._buried(connection)))
            connection = self._started()
        if answer == _INTERRUPTED:
            raise KeyboardInterrupt
        if isinstance(answer, str):
            raise RuntimeError(f"a worker of the sweep failed:\n{answer}")
        self._give(connection, waiting)
        return position, answer

    def _buried(self, connection: Connection) -> str:
        """Say how a process ended."""
        connection.close()
        process = self._processes.pop(connection)
        process.join()
        code = process.exitcode
        if code >= 0:
            return f"the process that ran it exited with status {code}"
        return f"the process that ran it was ended by {signal.Signals(-code).name}"

    def _end(self) -> None:
        """Leave no process behind."""
        for process in self._processes.values():
            process.terminate()
        for connection, process in self._processes.items():
            process.join()
            connection.close()
        self._processes.clear()


def _serve(
    connection: Connection,
    inherited: Sequence[Connection],
    setting: Setting,
    grid: Grid,
    start: Start,
) -> None:
    """Run combinations until there are no more; the whole life of a forked process."""
    # Ctrl-C reaches all processes of a terminal; it is the first one that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in inherited:  # else nobody would notice that the first one is gone
        other.close()
    while True:
        try:
            position = connection.recv()
        except EOFError:
            return
        try:
            answer: Outcome | str = run_combination(setting, grid[position], start)
        except KeyboardInterrupt:
            answer = _INTERRUPTED
        except Exception:
            answer = traceback.format_exc()
        connection.send(answer)
