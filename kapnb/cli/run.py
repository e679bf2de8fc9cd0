"""`kapnb run`: serve a Handler on stdio, as Kapacitor starts it."""

from __future__ import annotations

import argparse

from kapnb.cli._target import TARGET_HELP, load_target
from kapnb.errors import KapnbError, TargetError

__all__ = ["HELP", "configure", "execute"]

HELP = "serve a Handler on stdin and stdout, as Kapacitor starts it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)


def execute(arguments: argparse.Namespace) -> int:
    """Take stdout before user code is imported, then serve; does not return."""
    from kapnb.agent import claimed, end_process, refuse, run

    claim = claimed()
    try:
        handler = load_target(arguments.target)
    except KapnbError as error:  # Kapacitor must know it, too
        told = error.__cause__ if isinstance(error, TargetError) else None
        end_process(refuse(claim, told or error, "the script"))
    run(handler)
    return 0
