"""The export as a whole: static closure, fresh run, script, proof; then the files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kapnb_exporter._closure import check_script_name, close
from kapnb_exporter._deploy import deploy_files
from kapnb_exporter._execute import Recording, execute
from kapnb_exporter._modules import bring
from kapnb_exporter._namespace import read_namespace
from kapnb_exporter._notebook import read_notebook
from kapnb_exporter._outputs import showing_cells, stale_cells
from kapnb_exporter._proof import Way, prove
from kapnb_exporter._request import Request
from kapnb_exporter._select import find_handler
from kapnb_exporter._tests import test_files
from kapnb_exporter._told import closing, make_product, simulations_of
from kapnb_exporter._validation import sidecar
from kapnb_exporter._venv import find_python, inspect
from kapnb_exporter._verify import HASH_SEEDS, Row
from kapnb_exporter._write import write_all
from kapnb_exporter.formats import format_named

__all__ = ["Exported", "export", "script_name"]


@dataclass(frozen=True)
class Exported:
    """What an export made.

    Attributes
    ----------
    script : Path
        The first of the files.
    files : tuple of Path
        All of them.
    handler : str
        Name of the Handler's class.
    recordings : tuple of Recording
        The simulations it was verified with.
    rows : tuple of Row
        What was checked.
    notes : tuple of str
        What a person should know.
    """

    script: Path
    files: tuple[Path, ...]
    handler: str
    recordings: tuple[Recording, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def responses(self) -> int:
        """How many responses were compared, over all processes."""
        return len(HASH_SEEDS) * sum(
            sum(1 for is_request, _ in recording.transcript if not is_request)
            for recording in self.recordings
        )


def _tell_nobody(_: object) -> None:
    """Keep quiet."""


_DEFAULT = Request()


def export(
    notebook: Path,
    folder: Path,
    request: Request = _DEFAULT,
    *,
    tell: Callable[[str], None] = _tell_nobody,
    show: Callable[[Row], None] = _tell_nobody,
) -> Exported:
    """Export the marked Handler of a notebook.

    Parameters
    ----------
    notebook : Path
        The notebook; it is not changed.
    folder : Path
        Where the files go; made if missing.
    request : Request, optional
        What is asked for.
    tell : callable, optional
        Takes a sentence about each step, for a person who waits.
    show : callable, optional
        Takes each row of the table of checks.

    Returns
    -------
    Exported
        The files and their proof.

    Raises
    ------
    ExportError
        If anything stands in the way. Nothing was written then.
    """
    read = read_notebook(notebook)
    closure = close(read, find_handler(read, request.handler), bring_modules=request.bring_modules)
    name = script_name(closure.handler).removesuffix(".py")
    check_script_name(closure, f"{name}.py")
    bring(closure.local, notebook.resolve().parent)  # refused early, if it must be
    python = find_python(request.python) if request.python else None
    target = inspect(python).minor if python else None
    tell(f"{closure.handler} needs {_needs(len(closure.statements) - 1, len(closure.imports))}")
    tell(f"running {notebook.name} from a fresh kernel")
    with execute(notebook, closing(closure), tell) as execution:
        ours = simulations_of(
            closure.handler, execution, notebook=read.name, proven=request.verify != "none"
        )
        product = make_product(
            name, closure, execution, ours, bring_modules=request.bring_modules, target=target
        )
        shown = showing_cells(read_namespace(read), closure.handler)
        notes = list(stale_cells(execution.saved, execution.fresh, shown))
        proof = prove(product, execution, ours, Way(request, python, tell, show))
        files = [*format_named(request.format).files(product)]
        if request.with_tests:
            files += test_files(product, ours, execution.folder)
        if request.deploy:
            files += deploy_files(product, ours, proof, execution.answer["options"])
    notes += proof.notes
    files.append(sidecar(product, proof, notes, ours, now=datetime.now(UTC)))
    paths = write_all(folder, files)
    return Exported(paths[0], tuple(paths), closure.handler, ours, proof.rows, tuple(notes))


def script_name(handler: str) -> str:
    """Return the file name for a Handler: its class's name in snake case.

    Examples
    --------
    >>> script_name("MovingAverage"), script_name("CPULoad2")
    ('moving_average.py', 'cpu_load2.py')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", handler)
    return f"{words.lower()}.py"


def _needs(statements: int, imports: int) -> str:
    plural, imported = "s" * (statements != 1), "s" * (imports != 1)
    return f"{statements} further statement{plural} and {imports} import{imported}"
