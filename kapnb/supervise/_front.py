"""Front: the process between Kapacitor and a Handler process. The only I/O of this room.

One thread, one poll loop over four pipes, or two and a socket. All decisions are the
Supervisor's.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from kapnb.agent import claimed, configure_logging
from kapnb.supervise._limits import Limits
from kapnb.supervise._supervisor import Supervisor

__all__ = ["Front", "supervise"]

#: A pipe holds 64 KiB by default, 1 MiB at the most.
READ_SIZE = 256 * 1024
#: How often, in seconds, a process is looked after that is about to end, or that says nothing:
#: one of its own children may hold its pipe open after its end.
REAP_S, LOOK_S = 0.01, 1.0
_NEVER = float("inf")
_CLOSED = -1

_log = logging.getLogger("kapnb")


class Front:
    """The process between Kapacitor and a Handler process.

    Parameters
    ----------
    command : sequence of str
        What to start, and start again; it speaks the protocol on stdin and stdout.
    read_fd, write_fd : int
        Kapacitor's side; for a socket they are one.
    limits : Limits, optional
        What may be used up.
    environment : mapping of str to str, optional
        Of the Handler process; by default that of this one.
    clock : callable, default: time.monotonic
        Seconds.
    log : logging.Logger, default: the one named ``kapnb``
        Where crashes and restarts are told.

    Examples
    --------
    Of what Kapacitor writes, here the request for the UDF's declaration, the Handler process
    gets each byte, and its answers come back:

    >>> import sys
    >>> mirror = "from kapnb import Handler; from kapnb.agent import run; run(Handler)"
    >>> (asked, asks), (answers, answered) = os.pipe(), os.pipe()
    >>> _ = os.write(asks, bytes.fromhex("020a00"))
    >>> os.close(asks)
    >>> Front([sys.executable, "-c", mirror], asked, answered).run()
    0
    >>> os.read(answers, 100).hex()
    '020a00'
    >>> for fd in (asked, answers, answered):
    ...     os.close(fd)
    """

    def __init__(
        self,
        command: Sequence[str],
        read_fd: int,
        write_fd: int,
        *,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        log: logging.Logger = _log,
    ) -> None:
        self._command = list(command)
        self._read_fd, self._write_fd = read_fd, write_fd
        self._limits = limits or Limits()
        self._environment = dict(os.environ if environment is None else environment)
        self._clock = clock
        self.supervisor = Supervisor(self._limits, clock(), log)
        self._process: subprocess.Popen[bytes] | None = None
        self._kill_at = _NEVER  # for a process that has closed its output
        self._asked_to_end = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._waking = threading.Lock()  # a number that was closed may be somebody else's

    def run(self) -> int:
        """Serve until the end; return the exit status."""
        supervisor, clock = self.supervisor, self._clock
        with self._signals(), _unblocked(self._write_fd):
            try:
                while not self._is_done():
                    self._obey()
                    self._move()
                    if self._asked_to_end:
                        supervisor.terminate(clock())
                    supervisor.tick(clock())
            finally:
                self._end_process()
                with self._waking:
                    os.close(self._wake_read)
                    os.close(self._wake_write)
                    self._wake_write = _CLOSED
        assert supervisor.exit_status is not None
        return supervisor.exit_status

    def stop(self) -> None:
        """End in good order, as on SIGTERM. May be called from any thread."""
        self._asked_to_end = True
        with self._waking, contextlib.suppress(BlockingIOError):  # full: it will wake anyway
            if self._wake_write != _CLOSED:
                os.write(self._wake_write, b"\0")

    def _is_done(self) -> bool:
        supervisor = self.supervisor
        if supervisor.exit_status is None:
            return False
        return not supervisor.to_kapacitor or self._clock() >= supervisor.leave_by

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """End in good order on SIGTERM and SIGINT, where signals can be had."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, self._terminate) for number in numbers]
        wakeup = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def _terminate(self, *_: object) -> None:
        self._asked_to_end = True  # the wake-up pipe ends the wait

    # ------------------------------------------------------------------- the process

    def _obey(self) -> None:
        """Start, kill, bury the Handler process as the supervisor says."""
        supervisor, now = self.supervisor, self._clock()
        if self._process is None:
            if supervisor.starts_child(now):
                self._start()
            return
        status = self._process.poll()
        if status is None and now >= self._kill_at:
            supervisor.child_lingers()
        if supervisor.kills_child:
            self._process.kill()
            self._kill_at = now  # look for its end often
        if status is not None and (self._kill_at < _NEVER or self._drained()):
            self._end_process()
            supervisor.child_ended(status, self._clock())

    def _start(self) -> None:
        supervisor = self.supervisor
        marks = {"KAPNB_SUPERVISED": "1"}
        if supervisor.restores_own:
            marks["KAPNB_RESTORE"] = "strict"
        try:
            process = subprocess.Popen(  # noqa: S603  # the caller's command is the point
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env=self._environment | marks,
            )
        except OSError as error:
            supervisor.child_did_not_start(error, self._clock())
            return
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        self._process, self._kill_at = process, _NEVER
        supervisor.child_started(self._clock())

    def _drained(self) -> bool:
        """Take what a process that has ended left in its pipe; return whether that was all."""
        while self.supervisor.reads_child:
            if not self._read_child():
                return True
        return False

    def _end_process(self) -> None:
        """Make sure that nothing is left of the Handler process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    # ------------------------------------------------------------------- bytes

    def _move(self) -> None:
        """Wait for one of the pipes, a signal or the next deadline, and move bytes."""
        supervisor = self.supervisor
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        if supervisor.reads_kapacitor:
            poll.register(self._read_fd, select.POLLIN)
        if supervisor.to_kapacitor:
            poll.register(self._write_fd, select.POLLOUT)
        child_in, child_out = self._child_fds()
        if supervisor.to_child and child_in is not None:
            poll.register(child_in, select.POLLOUT)
        if supervisor.reads_child and child_out is not None:
            poll.register(child_out, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(self._timeout_ms())}
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if self._write_fd in ready:
            self._write_kapacitor()
        if child_in in ready:
            self._write_child()
        if child_out in ready:
            self._read_child()
        if self._read_fd in ready:
            self._read_kapacitor()

    def _timeout_ms(self) -> float:
        if self._kill_at < _NEVER:
            return REAP_S * 1000
        wait_s = min(LOOK_S, self.supervisor.deadline() - self._clock())
        return math.ceil(max(0.0, wait_s) * 1000)

    def _child_fds(self) -> tuple[int | None, int | None]:
        """Return what to write to and what to read from, as far as it is open."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None, None
        if self.supervisor.closes_child and not self.supervisor.to_child:
            process.stdin.close()
        return (
            None if process.stdin.closed else process.stdin.fileno(),
            process.stdout.fileno() if self._kill_at == _NEVER else None,
        )

    def _read_kapacitor(self) -> None:
        try:
            data = os.read(self._read_fd, READ_SIZE)
        except BlockingIOError:
            return
        except OSError:  # a socket that was closed with our answers unread
            self.supervisor.kapacitor_is_gone(self._clock())
            return
        self.supervisor.from_kapacitor(data, self._clock())

    def _write_kapacitor(self) -> None:
        try:
            _write(self._write_fd, self.supervisor.to_kapacitor)
        except OSError:
            self.supervisor.kapacitor_is_gone(self._clock())

    def _read_child(self) -> bool:
        """Take what there is; return whether there may be more."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            data = os.read(self._process.stdout.fileno(), READ_SIZE)
        except BlockingIOError:
            return False
        now = self._clock()
        if not data:
            self._kill_at = now + self._limits.grace_s
        self.supervisor.from_child(data, now)
        return bool(data)

    def _write_child(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            _write(self._process.stdin.fileno(), self.supervisor.to_child)
        except OSError:  # it will end soon, or be found to hang
            self._process.stdin.close()


def _write(fd: int, waiting: bytearray) -> None:
    """Write as much of `waiting` as fits, and take it away there."""
    with contextlib.suppress(BlockingIOError):
        del waiting[: os.write(fd, waiting)]


@contextlib.contextmanager
def _unblocked(fd: int) -> Iterator[None]:
    """Let writes to `fd` return at once; others may share it, so it is set back."""
    blocking = os.get_blocking(fd)
    os.set_blocking(fd, False)
    try:
        yield
    finally:
        os.set_blocking(fd, blocking)


def supervise(command: Sequence[str], limits: Limits | None = None) -> int:
    """Serve `command` on stdio, and start it again when it ends before its time.

    Parameters
    ----------
    command : sequence of str
        Program and arguments of the Handler process, which speaks the protocol on stdin and
        stdout. Its stderr is ours.
    limits : Limits, optional
        What may be used up.

    Returns
    -------
    int
        The exit status: 0: the stream ended, or init or restore was refused; 1: given up, or
        Kapacitor's bytes were wrong; 3: Kapacitor stopped reading; 143: asked to end.

    Examples
    --------
    As the program of a UDF, which is asked what it declares, and then left:

    >>> import sys
    >>> front = '''
    ... import sys
    ... from kapnb.supervise import supervise
    ... mirror = "from kapnb import Handler; from kapnb.agent import run; run(Handler)"
    ... sys.exit(supervise([sys.executable, "-c", mirror]))
    ... '''
    >>> request = bytes.fromhex("020a00")
    >>> done = subprocess.run([sys.executable, "-c", front], input=request, stdout=subprocess.PIPE)
    >>> done.returncode, done.stdout.hex()
    (0, '020a00')
    """
    stream = claimed().take()  # nothing is imported that could take long
    configure_logging()
    return Front(command, *stream.fds, limits=limits).run()
