"""A script as a process: started as Kapacitor starts it, fed, and heard to its end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kapnb.errors import ExportError
from kapnb_exporter.formats import Start

__all__ = ["Answer", "Process"]

#: Seconds a process may take beyond what any simulation needs; a script that hangs must not
#: hang the export.
_PATIENCE_S = 600


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one process.

    Parameters
    ----------
    stdout : bytes
        All it wrote there.
    stderr : str
        What Kapacitor would log.
    status : int
        Its exit status.
    seconds : float
        From its start to its end.
    """

    stdout: bytes
    stderr: str
    status: int
    seconds: float

    @property
    def last_words(self) -> str:
        """The last line of stderr, which for a traceback is the exception."""
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        return f"\n  stderr: {lines[-1]}" if lines else ""


@dataclass(frozen=True, slots=True)
class Process:
    """How a script is started.

    Parameters
    ----------
    python : str
        The interpreter.
    script : Path
        The script.
    folder : Path
        Where: an empty folder, since Kapacitor's is not the notebook's.
    notebook_folder : Path
        Where the notebook ran; files of it that the environment names are found there.
    isolated : bool
        Whether only what is installed for the interpreter may be imported.
    start : Start, optional
        How it is started, if not as a script of the interpreter.
    """

    python: str
    script: Path
    folder: Path
    notebook_folder: Path
    isolated: bool
    start: Start | None = None

    def run(
        self,
        requests: bytes = b"",
        *,
        env: Mapping[str, str] | None = None,
        seed: str = "0",
        arguments: Sequence[str] = (),
    ) -> Answer:
        """Start it, write `requests`, close stdin, wait for the end.

        Raises
        ------
        ExportError
            KN403 if it does not end.
        """
        command = self.start.command if self.start else (self.python, str(self.script))
        begin = time.perf_counter()
        try:
            done = subprocess.run(  # noqa: S603  # the script that is being exported
                [*command, *arguments],
                input=requests,
                capture_output=True,
                cwd=self.folder,
                env=self._environment(env or {}, seed),
                timeout=_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ExportError(
                f"the script did not end within {_PATIENCE_S} s after its input did", code="KN403"
            ) from error
        seconds = time.perf_counter() - begin
        return Answer(done.stdout, done.stderr.decode(errors="replace"), done.returncode, seconds)

    def _environment(self, env: Mapping[str, str], seed: str) -> dict[str, str]:
        base = dict(os.environ)
        if self.isolated:
            for name in ("PYTHONPATH", "PYTHONHOME"):
                base.pop(name, None)
        if self.start:
            base.update(self.start.env)
        for name, value in env.items():
            there = self.notebook_folder / value
            base[name] = str(there) if value and there.exists() else value
        return {**base, "PYTHONHASHSEED": seed}
