"""`kapnb run`: serve a Handler on stdio, as Kapacitor starts it."""

from __future__ import annotations

import argparse
from pathlib import Path

from kapnb.cli._target import TARGET_HELP, is_official_script, load_target
from kapnb.errors import TargetError

__all__ = ["HELP", "configure", "execute"]

HELP = "serve a Handler on stdin and stdout, as Kapacitor starts it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
    parser.add_argument(
        "arguments",
        metavar="ARGUMENT",
        nargs="*",
        help="for a script of the official API, its own; put -- before any that begins with -",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Take stdout before user code is imported, then serve; does not return."""
    from kapnb.agent import claim_stdio, run

    path = Path(arguments.target)
    if is_official_script(path):
        from kapnb.compat import run_script

        return run_script(path, arguments.arguments)
    if arguments.arguments:
        raise TargetError(
            f"{arguments.target} takes no arguments ({' '.join(arguments.arguments)}); only "
            "scripts of the official API do"
        )
    claim_stdio()
    run(load_target(arguments.target))
    return 0
