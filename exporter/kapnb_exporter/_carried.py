"""What a script carries of its simulations, for ``--check`` and its tests; and whether it may.

Options and points are data of the notebook, and a script is copied, kept and read by others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from kapnb.model import InitRequest
from kapnb_exporter import _refusals
from kapnb_exporter._closure import Closure
from kapnb_exporter._execute import Recording
from kapnb_exporter._literals import allowed_lines, find_machine_path, find_secret, shapes
from kapnb_exporter._notebook import Notebook
from kapnb_exporter._outputs import simulating

__all__ = ["check_carried", "path_notes", "travelling"]


def travelling(recordings: Sequence[Recording], folder: Path) -> list[Recording]:
    """Return the simulations that a script can hold again where the notebook is not.

    Those that need its environment, or a path of this machine as an option, are left out, and so
    are those that failed.
    """
    return [
        recording
        for recording in recordings
        if not recording.env and recording.error is None and not _names_a_path(recording, folder)
    ]


def path_notes(recordings: Sequence[Recording], folder: Path) -> Iterator[str]:
    """Say which options are paths of this machine; a script cannot repeat their simulations."""
    found = {
        name: value
        for recording in recordings
        for name, value in _texts_of(recording)
        if _is_path(value, folder)
    }
    for name, value in found.items():
        yield (
            f"a simulation gives the option `{name}` a path of this machine, {value}; --check does "
            "without that simulation, and a TICKscript needs production's path"
        )


def check_carried(closure: Closure, recordings: Sequence[Recording], texts: Sequence[str]) -> None:
    """Refuse options and data that look like secrets.

    Parameters
    ----------
    closure : Closure
        The Handler.
    recordings : sequence of Recording
        Its simulations; whatever their options are, the TICKscript repeats them.
    texts : sequence of str
        Transcripts that travel.

    Raises
    ------
    ExportError
        KN310, at the line of the notebook where it stands.
    """
    for recording in recordings:
        for name, value in _texts_of(recording):
            text = repr({name: value})
            found = find_secret(ast.parse(text).body[0], text, 1)
            if found is not None:
                _refuse(closure, value, found[1])
    for text in texts:
        for kind, value in shapes(text):
            _refuse(closure, value, kind)


def _texts_of(recording: Recording) -> Iterator[tuple[str, str]]:
    """Yield the options of a simulation that are texts."""
    for is_request, message in recording.transcript:
        if is_request and isinstance(message, InitRequest):
            for option in message.options:
                for given in option.values:
                    if isinstance(given.value, str):
                        yield option.name, given.value


def _names_a_path(recording: Recording, folder: Path) -> bool:
    return any(_is_path(value, folder) for _, value in _texts_of(recording))


def _is_path(value: str, folder: Path) -> bool:
    # Assigned, for alone it would be taken for a docstring.
    (node,) = ast.parse(f"value = {value!r}").body
    return find_machine_path(node, "", 1, folder) is not None


def _refuse(closure: Closure, value: str, kind: str) -> None:
    place = _place(closure, value)
    if place[1] not in _allowed(closure.notebook, place[0]):
        raise _refusals.secret_in_data(closure.notebook, closure.handler, place, kind)


def _place(closure: Closure, value: str) -> tuple[int, int]:
    """Find the line that has the text; else where the Handler is simulated first."""
    for cell in closure.notebook.cells:
        for number, line in enumerate(cell.source.split("\n"), 1):
            if value in line:
                return cell.number, number
    statement = next(simulating(closure.notebook, closure.handler), None)
    return (statement.cell, statement.line) if statement else (closure.cells[-1].number, 1)


def _allowed(notebook: Notebook, cell: int) -> set[int]:
    return allowed_lines(notebook.cell(cell).source, 1, "KN310")
