"""Run a notebook from scratch and collect the simulations it ran.

A fresh kernel, in a temporary copy of the notebook's folder: hidden state of a live kernel
cannot leak in, and nothing the notebook writes touches the original.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from kapnb.errors import ExportError, MissingExtra
from kapnb.simulation import RECORD_TO, Transcript

__all__ = ["Execution", "Recording", "execute"]

#: Never copied beside the notebook: environments and caches, large and of no use to it.
_LEFT_BEHIND = (".*", "__pycache__", "node_modules", "venv", "env")
_LINE = re.compile(r"Cell In\[\d+\], line (\d+)")
#: Characters of a dead kernel's log that are worth a reader's time.
_LAST_WORDS = 2000
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Recording:
    """One simulation that the notebook ran.

    Attributes
    ----------
    handler : str
        Name of the Handler's class.
    info : str
        Its info answer, as a line of a transcript.
    env : dict of str to str
        Environment variables that were set during the run.
    inputs, outputs : int
        How many points or batches went in and came out.
    error : str or None
        What ended it early.
    transcript : Transcript
        The task's session.
    """

    handler: str
    info: str
    env: dict[str, str]
    inputs: int
    outputs: int
    error: str | None
    transcript: Transcript


@dataclass(frozen=True)
class Execution:
    """A notebook that was run.

    Attributes
    ----------
    folder : Path
        The temporary copy of the notebook's folder; gone when the context ends.
    notebook : notebook node
        The executed notebook.
    recordings : tuple of Recording
        Its simulations, in the order in which they ended.
    """

    folder: Path
    notebook: Any
    recordings: tuple[Recording, ...]


@contextmanager
def execute(path: Path) -> Iterator[Execution]:
    """Run the notebook at `path`.

    Raises
    ------
    ExportError
        If a cell fails, with its number and line, or the kernel dies, with its last words.
    MissingExtra
        If nbclient is not installed.
    """
    try:
        import ipykernel  # noqa: F401  # the kernel is another process; say it here if it is missing
        import nbformat
        from nbclient.exceptions import CellExecutionError, DeadKernelError
    except ImportError as error:
        raise MissingExtra("export", "running a notebook", error.name or "nbclient") from error

    with TemporaryDirectory(prefix="kapnb-export-") as temporary:
        folder, records = Path(temporary, "notebook"), Path(temporary, "simulations")
        shutil.copytree(
            path.resolve().parent,
            folder,
            ignore=shutil.ignore_patterns(*_LEFT_BEHIND),
            ignore_dangling_symlinks=True,
        )
        records.mkdir()
        notebook = nbformat.read(folder / path.name, as_version=4)
        # The notebook's own output travels as messages. What the kernel's process writes besides,
        # such as its complaints about sockets that close under it as it is shut down, is of use
        # only if it dies.
        with Path(temporary, "kernel.log").open("w+b") as log:
            client = _client(notebook, folder)
            try:
                client.execute(env={**os.environ, RECORD_TO: str(records)}, stdout=log, stderr=log)
            except CellExecutionError as error:
                raise _cell_failed(notebook, path, error) from None
            except (DeadKernelError, RuntimeError) as error:  # the latter if it never came up
                raise _kernel_died(path, log) from error
            finally:
                # It would fail at our end, if the kernel never came up.
                atexit.unregister(client._cleanup_kernel)
        yield Execution(folder, notebook, tuple(_recordings(records)))


def _client(notebook: Any, folder: Path) -> Any:
    """Return what executes the notebook: in this very Python, whatever kernel it names.

    The kernel's name is one of the author's machine, and the script is proven here.
    """
    from nbclient import NotebookClient

    class Client(NotebookClient):  # type: ignore[misc, unused-ignore]
        def create_kernel_manager(self) -> Any:
            manager: Any = super().create_kernel_manager()
            launcher = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            # It would warn that messages on loopback are not encrypted.
            manager.kernel_spec.argv = [*launcher, "--IPKernelApp.log_level=40"]
            return manager

    quiet = logging.Logger("kapnb.export")  # what it would log is raised as well
    quiet.addHandler(logging.NullHandler())
    return Client(
        notebook,
        log=quiet,
        timeout=None,
        record_timing=False,
        kernel_name="python3",
        resources={"metadata": {"path": folder}},
    )


def _kernel_died(path: Path, log: BinaryIO) -> ExportError:
    """Quote the last words of the kernel's process."""
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    said = "\n".join(line for line in lines if line.strip())[-_LAST_WORDS:]
    return ExportError(
        "the kernel died while the notebook ran" + (f"; it said:\n{said}" if said else ""),
        where=path.name,
        code="KN401",
    )


def _cell_failed(notebook: Any, path: Path, error: Any) -> ExportError:
    """Name the cell whose outputs hold the error, and the last of its lines in the traceback."""
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                text = _COLOUR.sub("", "\n".join(output.traceback))
                lines = _LINE.findall(text)
                place = f"{path.name}, cell {number}" + (f", line {lines[-1]}" if lines else "")
                return ExportError(
                    f"the notebook does not run from a fresh kernel: {error.ename}: "
                    f"{error.evalue}; run all its cells from the top and mend this one",
                    where=place,
                    code="KN401",
                )
    return ExportError(f"the notebook does not run: {error}", where=path.name, code="KN401")


def _recordings(folder: Path) -> Iterator[Recording]:
    for file in sorted(folder.glob("*.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        del facts["module"]
        yield Recording(**facts, transcript=Transcript.load(file.with_suffix(".transcript")))
