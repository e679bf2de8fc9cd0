"""The `kapnb` command: one module per subcommand, no logic that the library lacks.

A subcommand is a module with ``HELP``, ``configure(parser)`` and ``execute(arguments)``. Those
of other packages are found through the entry-point group ``kapnb.commands``.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kapnb._version import __version__
from kapnb.cli._official import run_at_once
from kapnb.errors import KapnbError

if TYPE_CHECKING:
    import argparse

__all__ = ["COMMANDS", "main"]

#: Our own subcommands; a new one is a module here and a line.
COMMANDS = {
    "conformance": "kapnb.cli.conformance",
    "doctor": "kapnb.cli.doctor",
    "record": "kapnb.cli.record",
    "run": "kapnb.cli.run",
    "simulate": "kapnb.cli.simulate",
    "tick": "kapnb.cli.tick",
}

EXIT_OK, EXIT_FAULT, EXIT_USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        0: fine; 1: what was given has a fault; 2: wrong usage.
    """
    words = sys.argv[1:] if argv is None else argv
    debug = False
    try:
        status = run_at_once(words)
        if status is None:
            # Kapacitor waits for `kapnb run`: one command's module is enough if it is named first.
            arguments = _parse(build_parser(only=words[0] if words else None), words)
            debug = arguments.debug
            status = int(arguments.execute(arguments))
        sys.stdout.flush()
    except KapnbError as error:
        if debug:
            import traceback

            traceback.print_exc()
        print(f"kapnb: {error}", file=sys.stderr)
        return EXIT_FAULT
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_OK
    return status


def _parse(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    """Parse, with ``kapnb run old.py --supervise -- --fast`` as it is meant.

    argparse takes the words of a ``nargs="*"`` in one piece and thinks it complete before the
    first option, until Python 3.13.
    """
    arguments, left = parser.parse_known_args(words)
    if not left:
        return arguments
    dashes = left.index("--") if "--" in left else len(left)
    late = left[:dashes] + left[dashes + 1 :]
    if not hasattr(arguments, "arguments") or any(word[:1] == "-" for word in left[:dashes]):
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    arguments.arguments += late
    return arguments


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser with every subcommand that is installed, or one of our own alone."""
    import argparse  # an old script does without

    parser = argparse.ArgumentParser(
        prog="kapnb",
        description="Write, run and prove Kapacitor UDFs in a notebook; export what ran.",
        epilog="Exit status: 0 fine, 1 a fault in what was given, 2 wrong usage.",
    )
    parser.add_argument("--version", action="version", version=f"kapnb {__version__}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks of expected errors")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in sorted(_modules(only).items()):
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        command.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
        module.configure(command)
        command.set_defaults(execute=module.execute)
    return parser


def _modules(only: str | None) -> dict[str, Any]:
    if only in COMMANDS:
        return {only: importlib.import_module(COMMANDS[only])}
    from importlib.metadata import entry_points

    modules = {name: importlib.import_module(path) for name, path in COMMANDS.items()}
    for point in entry_points(group="kapnb.commands"):
        modules[point.name] = point.load()
    return modules
