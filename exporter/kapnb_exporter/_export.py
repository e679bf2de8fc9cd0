"""The export as a whole: static closure, fresh run, script, proof; then the one file."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kapnb._files import write_whole
from kapnb.errors import ExportError
from kapnb.model import InfoResponse
from kapnb.simulation import message_from_text
from kapnb_exporter._closure import Closure, check_script_name, close
from kapnb_exporter._execute import Recording, execute
from kapnb_exporter._notebook import read_notebook
from kapnb_exporter._render import render
from kapnb_exporter._select import find_handler
from kapnb_exporter._verify import HASH_SEEDS, verify

__all__ = ["Exported", "export", "script_name"]


@dataclass(frozen=True)
class Exported:
    """What an export made.

    Attributes
    ----------
    script : Path
        The file.
    handler : str
        Name of the Handler's class.
    recordings : tuple of Recording
        The simulations it was verified with.
    """

    script: Path
    handler: str
    recordings: tuple[Recording, ...]

    @property
    def responses(self) -> int:
        """How many responses were compared, over all processes."""
        return len(HASH_SEEDS) * sum(
            sum(1 for is_request, _ in recording.transcript if not is_request)
            for recording in self.recordings
        )


def _tell_nobody(text: str) -> None:
    """Keep quiet."""


def export(notebook: Path, folder: Path, *, tell: Callable[[str], None] = _tell_nobody) -> Exported:
    """Export the marked Handler of a notebook.

    Parameters
    ----------
    notebook : Path
        The notebook; it is not changed.
    folder : Path
        Where the script goes; made if missing.
    tell : callable, optional
        Takes a sentence about each step, for a person who waits.

    Returns
    -------
    Exported
        The script and its proof.

    Raises
    ------
    ExportError
        If anything stands in the way. Nothing was written then.
    """
    read = read_notebook(notebook)
    marked = find_handler(read)
    closure = close(read, marked)
    name = script_name(closure.handler)
    check_script_name(closure, name)
    tell(f"{closure.handler} needs {_needs(len(closure.statements) - 1, len(closure.imports))}")
    tell(f"running {notebook.name} from a fresh kernel")
    with execute(notebook) as execution, TemporaryDirectory(prefix="kapnb-script-") as temporary:
        recordings = _proofs(execution.recordings, closure.handler, notebook)
        text = render(closure, _info(closure, recordings[0]))
        script = Path(temporary, name)
        script.write_text(text, encoding="utf-8")
        tell(f"replaying {len(recordings)} of its simulations against the script")
        verify(script, recordings, execution.folder)
    return Exported(_write(folder / name, text), closure.handler, recordings)


def script_name(handler: str) -> str:
    """Return the file name for a Handler: its class's name in snake case.

    Examples
    --------
    >>> script_name("MovingAverage"), script_name("CPULoad2")
    ('moving_average.py', 'cpu_load2.py')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", handler)
    return f"{words.lower()}.py"


def _info(closure: Closure, recording: Recording) -> InfoResponse | None:
    """Return the answer to info, unless a class of the closure computes its own."""
    classes = [s.node for s in closure.statements if isinstance(s.node, ast.ClassDef)]
    methods = (node for cls in classes for node in ast.walk(cls))
    if any(isinstance(node, ast.FunctionDef) and node.name == "info" for node in methods):
        return None
    info = message_from_text(recording.info, request=False)
    assert isinstance(info, InfoResponse)
    return info


def _needs(statements: int, imports: int) -> str:
    plural, imported = "s" * (statements != 1), "s" * (imports != 1)
    return f"{statements} further statement{plural} and {imports} import{imported}"


def _proofs(
    recordings: tuple[Recording, ...], handler: str, notebook: Path
) -> tuple[Recording, ...]:
    """Return the simulations that prove something about `handler`."""
    ours = tuple(recording for recording in recordings if recording.handler == handler)
    if not ours:
        raise ExportError(
            f"the notebook runs no simulation of {handler}: nothing would be proven; "
            f"add simulate({handler}, …) with data it should handle",
            where=notebook.name,
            code="KN402",
        )
    if not any(recording.outputs for recording in ours):
        raise ExportError(
            f"no simulation of {handler} has any output: nothing would be proven; "
            "simulate it with data that makes it answer",
            where=notebook.name,
            code="KN402",
        )
    return ours


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}") from error
    write_whole(path, text, mode=0o755)
    return path
