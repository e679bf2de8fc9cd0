"""`kapnb run`: serve a Handler on stdio, as Kapacitor starts it."""

from __future__ import annotations

import argparse

from kapnb.cli._supervise import add_supervision, run_supervised
from kapnb.cli._target import TARGET_HELP, load_target

__all__ = ["HELP", "configure", "execute"]

HELP = "serve a Handler on stdin and stdout, as Kapacitor starts it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
    add_supervision(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Take stdout before user code is imported, then serve; does not return."""
    if arguments.supervise:
        return run_supervised(arguments)
    from kapnb.agent import claim_stdio, run

    claim_stdio()
    run(load_target(arguments.target))
    return 0
