"""Who is on the other side of the kernel: anybody who sees a display, or can press a button.

A kernel is not told what its client is. What it can know is whether a request allows that the
user is asked for input: nbclient (and with it nbconvert, papermill and Voilà) and nbval never
do, since nobody is there; JupyterLab, Notebook and consoles do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = [
    "MODE",
    "Execution",
    "before_each_cell",
    "executed_cell",
    "is_attended",
    "kernel_display",
]

#: Environment variable that decides what cannot be found out: "background", or "wait".
MODE = "KAPNB_LIVE"


class Execution(NamedTuple):
    """One execution of a cell."""

    cell: str
    request: str


def executed_cell() -> Execution | None:
    """Return what is being executed, where the front end says which cell that is.

    JupyterLab and Notebook 7 do: ``cellId`` in the metadata of an ``execute_request``.
    """
    request = _request()
    cell = request.get("metadata", {}).get("cellId")
    return Execution(cell, request["header"]["msg_id"]) if cell else None


def before_each_cell(call: Callable[[], None]) -> None:
    """Let something be called before a cell is executed, each time."""
    shell = _shell()
    if shell is not None:
        shell.events.register("pre_run_cell", lambda info: call())


def kernel_display() -> Callable[..., Any] | None:
    """Return IPython's display if a front end may be listening: in a kernel, not a terminal."""
    if _kernel() is None:
        return None
    from IPython.display import display

    return display


def is_attended(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether somebody may press a button, or call a function, while a run goes on.

    Without a kernel somebody may. Within one, if the request that is being executed allows
    that the user is asked for input.

    Parameters
    ----------
    environ : mapping, optional
        Where `MODE` may decide otherwise.

    Raises
    ------
    ValueError
        If `MODE` is set to something else than "background" or "wait".

    References
    ----------
    ``execute_request`` in "Messaging in Jupyter", field ``allow_stdin``.
    """
    mode = environ.get(MODE, "")
    if mode not in ("", "background", "wait"):
        raise ValueError(f'{MODE} is "background" or "wait", not {mode!r}')
    if mode:
        return mode == "background"
    return bool(_request().get("content", {}).get("allow_stdin", True))


def _request() -> Any:
    """Return the request that the kernel is at, as the protocol has it; empty without any."""
    kernel = _kernel()
    return (kernel.get_parent("shell") if kernel is not None else None) or {}


def _kernel() -> Any:
    return getattr(_shell(), "kernel", None)


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
