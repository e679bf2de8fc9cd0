"""`kapnb run`: serve a Handler on stdio, as Kapacitor starts it, or on a Unix socket."""

from __future__ import annotations

import argparse
from pathlib import Path

from kapnb._target import TARGET_HELP, is_official_script, load_target
from kapnb.cli._supervise import add_supervision, run_supervised
from kapnb.errors import KapnbError, TargetError

__all__ = ["HELP", "configure", "execute"]

HELP = "serve a Handler on stdin and stdout, as Kapacitor starts it, or on a Unix socket"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
    parser.add_argument(
        "arguments",
        metavar="ARGUMENT",
        nargs="*",
        help="for a script of the official API, its own; put -- before any that begins with -",
    )
    parser.add_argument(
        "--socket", metavar="PATH", help="listen at a Unix socket instead of stdin and stdout"
    )
    parser.add_argument(
        "--mode",
        metavar="MODE",
        type=_mode,
        default=0o600,
        help="permissions of the socket's file, octal; 0660 lets its group connect (default 0600)",
    )
    add_supervision(parser)


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise argparse.ArgumentTypeError(f"{text!r} is no octal mode such as 0660")
    return mode


def execute(arguments: argparse.Namespace) -> int:
    """Take stdout before user code is imported, then serve; does not return."""
    if arguments.supervise:
        return run_supervised(arguments)
    if arguments.socket is not None:
        from kapnb.agent import run_server

        if arguments.arguments:
            raise TargetError(
                f"with --socket {arguments.target} is imported and not run, so it gets no "
                f"arguments ({' '.join(arguments.arguments)}); a script that listens by itself is "
                "run without --socket"
            )
        run_server(load_target(arguments.target), arguments.socket, mode=arguments.mode)
        return 0
    path = Path(arguments.target)
    if is_official_script(path):
        from kapnb.compat import run_script

        return run_script(path, arguments.arguments)
    if arguments.arguments:
        raise TargetError(
            f"{arguments.target} takes no arguments ({' '.join(arguments.arguments)}); only "
            "scripts of the official API do"
        )
    from kapnb.agent import claimed, end_process, refuse, run

    claim = claimed()
    try:
        handler = load_target(arguments.target)
    except KapnbError as error:  # Kapacitor must know it, too
        told = error.__cause__ if isinstance(error, TargetError) else None
        end_process(refuse(claim, told or error, "the script"))
    run(handler)
    return 0
