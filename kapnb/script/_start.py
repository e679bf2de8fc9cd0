"""The first and the last words of a script."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kapnb.agent import claim_stdio, run

if TYPE_CHECKING:
    from kapnb.handler import Handler

__all__ = ["prepare", "serve"]


def prepare(
    *,
    wants: str | None = None,
    provides: str = "STREAM",
    options: Mapping[str, Iterable[str]] | None = None,
    modules_beside: bool = False,
) -> None:
    """Take stdin and stdout for the protocol, unless the command line asks for something else.

    Stands before the imports of a script, which may print and may take long.

    Parameters
    ----------
    wants, provides, options
        What the Handler answers to info, as for `kapnb.agent.claim_stdio`.
    modules_beside : bool, default: False
        Whether modules lie beside the script that it imports: they are found there, however
        Python was started (``-P`` takes the script's folder out of its path).
    """
    if modules_beside:
        folder = os.path.dirname(os.path.realpath(_caller()))
        if folder not in sys.path:
            sys.path.insert(0, folder)
    if len(sys.argv) == 1:
        claim_stdio(wants=wants, provides=provides, options=options)


def serve(handler: type[Handler], *, check: str = "") -> None:
    """Do what the command line asks for, by default serve stdio, and end the process.

    Parameters
    ----------
    handler : subclass of Handler
        The script's.
    check : str, optional
        What ``--check`` compares with: lines of a transcript.

    Raises
    ------
    SystemExit
        Always. Status 0: fine; 1: a fault, or ``--check`` found a difference; 2: wrong usage;
        for stdio as `kapnb.agent.run`.
    """
    from kapnb.script._python import warn_if_other

    script = _caller()
    if len(sys.argv) == 1:
        warn_if_other(script)
        run(handler)
    from kapnb.script._command import obey

    sys.exit(obey(handler, check, sys.argv[1:], started=lambda: warn_if_other(script)))


def _caller() -> str:
    """Return the file of the script that called the function that calls this one."""
    return str(sys._getframe(2).f_globals.get("__file__") or sys.argv[0])
