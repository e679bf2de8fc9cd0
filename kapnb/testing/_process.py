"""An agent as a process: started, listened to on stderr, killed.

It knows nothing of the protocol; `Kapacitor` talks over the pipes. POSIX only, as Kapacitor's
UDFs are.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from kapnb.errors import TargetError

__all__ = ["AgentProcess"]

#: Most of stderr that is kept, in bytes: an agent that floods it must not fill our memory.
_STDERR_MAX = 4 * 1024 * 1024
#: How long, in seconds, the rest of stderr is waited for once the process has ended: a child
#: of its own may hold the pipe open for ever.
_STDERR_GRACE_S = 2.0
#: A killed process leaves at once; if it does not, the machine has a fault.
_KILL_S = 30.0


class AgentProcess:
    """A process that runs an agent, in a process group of its own.

    Parameters
    ----------
    command : sequence of str
        Program and arguments; no shell is involved.
    env : mapping of str to str, optional
        Variables set besides those of this process.
    pipes : bool, default: True
        Whether stdin and stdout are the agent's wire. If not, as for a server on a socket,
        stdin is empty and what comes on stdout is taken for stderr.

    Raises
    ------
    TargetError
        If there is no such program.
    """

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, pipes: bool = True
    ) -> None:
        try:
            self._popen = subprocess.Popen(  # noqa: S603  # it is what the user asked for
                list(command),
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if pipes else subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise TargetError(f"{command[0]} cannot be started: {error.strerror}") from error
        self._said = bytearray()
        log = self._popen.stderr if pipes else self._popen.stdout
        assert log is not None
        self._listener = threading.Thread(target=self._listen, args=(log,), daemon=True)
        self._listener.start()

    @property
    def wire(self) -> tuple[int, int]:
        """File descriptors to read from and to write to."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        return self._popen.stdout.fileno(), self._popen.stdin.fileno()

    def close_input(self) -> None:
        """Close the agent's stdin."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def close_output(self) -> None:
        """Stop listening to the agent's stdout: its next write meets a broken pipe."""
        if self._popen.stdout is not None:
            self._popen.stdout.close()

    def status(self) -> int | None:
        """Return the exit status, negative for a signal; None while the process runs."""
        return self._popen.poll()

    def stderr(self) -> str:
        """Return what the process has said so far; all of it once the process has ended."""
        if self.status() is not None:
            self._listener.join(_STDERR_GRACE_S)
        return bytes(self._said).decode(errors="replace")

    def peak_memory(self) -> int | None:
        """Return the most memory it ever held, in bytes; None where /proc does not tell."""
        try:
            text = Path(f"/proc/{self._popen.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        found = re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)
        return int(found[1]) * 1024 if found else None

    def terminate(self) -> None:
        """Send SIGTERM, as a service manager does."""
        self._popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and what it started, and close the pipes; idempotent."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(_KILL_S)
        self.close_input()
        self._listener.join(_STDERR_GRACE_S)
        self.close_output()
        if self._popen.stderr is not None and not self._listener.is_alive():
            self._popen.stderr.close()

    def _listen(self, log: subprocess.IO[bytes]) -> None:  # type: ignore[name-defined]
        while chunk := log.read(65536):
            self._said += chunk
            del self._said[:-_STDERR_MAX]
