"""Run a notebook from scratch and collect the simulations it ran.

A fresh kernel, in a temporary copy of the notebook's folder: hidden state of a live kernel
cannot leak in, and nothing the notebook writes touches the original.
"""

from __future__ import annotations

import atexit
import copy
import json
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from kapnb.errors import ExportError, MissingExtra
from kapnb.simulation import RECORD_TO, Transcript
from kapnb_exporter._after import ANSWERS
from kapnb_exporter._folder import copy_folder

__all__ = ["Execution", "Probe", "Recording", "execute"]

_LINE = re.compile(r"Cell In\[\d+\], line (\d+)")
#: Characters of a dead kernel's log that are worth a reader's time.
_LAST_WORDS = 2000
_MAGIC = re.compile(r"`(%%?\w+)")
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
    definition : int
        Which of the classes of that name it was, if a cell ran twice.
    transcript : Transcript
        The task's session.
    """

    handler: str
    info: str
    env: dict[str, str]
    inputs: int
    outputs: int
    error: str | None
    definition: int
    transcript: Transcript


@dataclass(frozen=True)
class Probe:
    """A session that was held once the notebook had run.

    Attributes
    ----------
    handler : str
        Name of the Handler's class.
    name : str
        What is probed.
    env : dict of str to str
        Environment variables that were set meanwhile.
    transcript : Transcript
        The session.
    """

    handler: str
    name: str
    env: dict[str, str]
    transcript: Transcript


@dataclass(frozen=True)
class Execution:
    """A notebook that was run.

    Attributes
    ----------
    folder : Path
        The temporary copy of the notebook's folder; gone when the context ends.
    saved, fresh : list of cell nodes
        The notebook's cells as they were and as the run left them.
    recordings : tuple of Recording
        Its simulations, in the order in which they ended.
    probes : tuple of Probe
        Further sessions.
    answers : dict of str to dict
        What `report` of ``_after`` said, by Handler.
    answer : dict
        What it said of the one that `of` was asked for.
    """

    folder: Path
    saved: list[Any]
    fresh: list[Any]
    recordings: tuple[Recording, ...]
    probes: tuple[Probe, ...]
    answers: dict[str, dict[str, Any]]
    answer: dict[str, Any] = field(default_factory=dict)

    def of(self, handler: str) -> Execution:
        """Return the same run as it concerns one Handler."""
        probes = tuple(probe for probe in self.probes if probe.handler == handler)
        return replace(self, probes=probes, answer=self.answers[handler])


@contextmanager
def execute(
    path: Path, closing: Callable[[Path], str], tell: Callable[[str], None]
) -> Iterator[Execution]:
    """Run the notebook at `path`.

    Parameters
    ----------
    path : Path
        The notebook.
    closing : callable
        From the folder of the recordings to the source of a cell that is run at the end.
    tell : callable
        Takes a sentence about each cell, for a person who waits.

    Raises
    ------
    ExportError
        If a cell fails, with its number and line, or the kernel dies, with its last words; or
        the notebook's folder holds too much to be copied.
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
        copy_folder(path.resolve().parent, folder, tell)
        records.mkdir()
        notebook = _read(folder / path.name)
        saved = copy.deepcopy(notebook.cells)
        notebook.cells.append(nbformat.v4.new_code_cell(closing(records)))
        # The notebook's own output travels as messages. What the kernel's process writes besides,
        # such as its complaints about sockets that close under it as it is shut down, is of use
        # only if it dies.
        with Path(temporary, "kernel.log").open("w+b") as log:
            running: list[int] = []
            client = _client(notebook, folder, Path(temporary, "ipc"), running, tell)
            # The seed, so that what is pickled does not depend on the order of a set.
            env = {**os.environ, RECORD_TO: str(records), "PYTHONHASHSEED": "0"}
            try:
                client.execute(env=env, stdout=log, stderr=log)
            except CellExecutionError as error:
                raise _cell_failed(notebook, path, error, running[-1]) from None
            except (DeadKernelError, RuntimeError) as error:  # the latter if it never came up
                raise _kernel_died(path, log) from error
            finally:
                # It would fail at our end, if the kernel never came up.
                atexit.unregister(client._cleanup_kernel)
        yield Execution(
            folder=folder,
            saved=saved,
            fresh=notebook.cells[:-1],
            recordings=tuple(_recordings(records)),
            probes=tuple(_probes(records)),
            answers=json.loads(Path(records, ANSWERS).read_text(encoding="utf-8")),
        )


def _read(path: Path) -> Any:
    """Read the notebook; cells without an id get one, for which nobody need be scolded."""
    import nbformat
    from nbformat.warnings import MissingIDFieldWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingIDFieldWarning)
        return nbformat.read(path, as_version=4)


def _client(
    notebook: Any, folder: Path, sockets: Path, running: list[int], tell: Callable[[str], None]
) -> Any:
    """Return what executes the notebook: in this very Python, whatever kernel it names.

    The kernel's name is one of the author's machine, and the script is proven here. `sockets` is
    how the paths of its sockets begin.
    """
    from nbclient import NotebookClient

    class Client(NotebookClient):  # type: ignore[misc, unused-ignore]
        def create_kernel_manager(self) -> Any:
            manager: Any = super().create_kernel_manager()
            # Sockets that are files: of several kernels that start at once, two may be told the
            # same free port.
            manager.transport, manager.ip = "ipc", str(sockets)
            launcher = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            # It would warn that messages on loopback are not encrypted.
            manager.kernel_spec.argv = [*launcher, "--IPKernelApp.log_level=40"]
            return manager

    last = len(notebook.cells) - 1  # ours comes after it

    def started(cell: Any, cell_index: int) -> None:
        running.append(cell_index + 1)
        if cell.cell_type == "code" and running[-1] <= last:
            tell(f"cell {running[-1]} of {last}")

    quiet = logging.Logger("kapnb.export")  # what it would log is raised as well
    quiet.addHandler(logging.NullHandler())
    return Client(
        notebook,
        log=quiet,
        timeout=None,
        record_timing=False,
        kernel_name="python3",
        on_cell_start=started,
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


def _cell_failed(notebook: Any, path: Path, error: Any, number: int) -> ExportError:
    """Name the cell, and the last of its lines in the traceback."""
    if number == len(notebook.cells):
        return _not_taken(path, error)
    outputs = notebook.cells[number - 1].get("outputs", ())
    found = [output for output in outputs if output.output_type == "error"]
    place, reason = f"{path.name}, cell {number}", f"{error.ename}: {error.evalue}"
    if found:
        lines = _LINE.findall(_COLOUR.sub("", "\n".join(found[0].traceback)))
        place += f", line {lines[-1]}" if lines else ""
    else:  # IPython's own complaints, about a magic that does not exist, are printed
        printed = "".join(output.get("text", "") for output in outputs)
        reason = _COLOUR.sub("", printed).strip().rpartition("\n")[2] or reason
        magic = _MAGIC.search(reason)
        lines = notebook.cells[number - 1].source.split("\n")
        place += next(
            (f", line {n}" for n, line in enumerate(lines, 1) if magic and magic[1] in line), ""
        )
        if magic and magic[1] == "%%udf":
            reason += " (the notebook needs `%load_ext kapnb` for that)"
    return ExportError(
        f"the notebook does not run from a fresh kernel: {reason}; run all its cells from the "
        "top and mend this one",
        where=place,
        code="KN401",
    )


def _not_taken(path: Path, error: Any) -> ExportError:
    """Say that what the notebook computed could not be had of the kernel."""
    return ExportError(
        "the notebook runs, but what the script needs of it cannot be taken: "
        f"{error.ename}: {error.evalue}",
        where=path.name,
        code="KN401",
    )


def _recordings(folder: Path) -> Iterator[Recording]:
    for file in sorted(folder.glob("*.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        del facts["module"]
        yield Recording(**facts, transcript=Transcript.load(file.with_suffix(".transcript")))


def _probes(folder: Path) -> Iterator[Probe]:
    for file in sorted(folder.glob("*.probe")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        yield Probe(**facts, transcript=Transcript.load(file.with_suffix(".transcript")))
