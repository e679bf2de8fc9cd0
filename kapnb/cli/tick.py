"""`kapnb tick`: check a TICKscript without Kapacitor, or format it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kapnb._files import write_whole
from kapnb.cli._udfs import add_script_arguments, load_udfs, load_variables
from kapnb.errors import TargetError, TickError
from kapnb.model import BATCH, STREAM

if TYPE_CHECKING:
    from kapnb.tick import ScriptCheck

__all__ = ["HELP", "configure", "execute"]

HELP = "check a TICKscript as kapacitor define and enable would, or format it"

_EDGES = {"stream": STREAM, "batch": BATCH}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the two commands and their arguments."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="say what Kapacitor would refuse, and what it would accept in silence",
        description="Exit status: 0 accepted, with remarks or without; 1 refused.",
    )
    check.add_argument("script", metavar="FILE.tick")
    add_script_arguments(check)
    check.add_argument(
        "--data", metavar="FILE", help="compare names with data, as kapnb simulate takes it"
    )
    check.add_argument("--tags", metavar="TAG,…", help="further columns of a CSV that are tags")
    check.add_argument("--measurement", metavar="NAME", help="measurement of a CSV's points")
    check.add_argument(
        "--type", choices=sorted(_EDGES), help="of the task; by default what the script starts from"
    )
    check.set_defaults(run=_check, usage_error=check.error)
    style = commands.add_parser("format", help="lay a script out as tickfmt does")
    style.add_argument("script", metavar="FILE.tick")
    style.add_argument("--write", action="store_true", help="write the file instead of stdout")
    style.set_defaults(run=_format)


def execute(arguments: argparse.Namespace) -> int:
    """Do what the command says."""
    status: int = arguments.run(arguments)
    return status


# ------------------------------------------------------------------------------ check


def _check(arguments: argparse.Namespace) -> int:
    from kapnb.cli._damage import damage_reported
    from kapnb.simulation import check_tick

    handlers, variables = load_udfs(arguments), load_variables(arguments)
    text = _read(arguments.script)
    with damage_reported() as damage:
        check = check_tick(
            text,
            handlers,
            variables=variables,
            edge=_EDGES.get(arguments.type),
            data=arguments.data,
            tags=arguments.tags.split(",") if arguments.tags else (),
            name=arguments.measurement,
        )
    for line in _report(check, arguments.script, text):
        print(line)
    return 1 if check.refused or damage else 0


def _report(check: ScriptCheck, path: str, text: str) -> Iterator[str]:
    """Yield the lines to print: refusals, remarks, lints, and a verdict."""
    from kapnb.tick import refusals, remarks, verdict

    for error, message in refusals(check):
        yield from _refusal(error, message, path, text)
    yield from remarks(check, lambda line, column: f"{path}:{line}:{column}")
    yield f"{path}: {verdict(check)}"


def _refusal(error: TickError, message: str, path: str, text: str) -> Iterator[str]:
    """Yield Kapacitor's text, with the line that it is about and a caret under the place."""
    from kapnb.tick import excerpt

    if not (error.line and error.column):
        yield f"{path}: {message}"
        return
    yield f"{path}:{error.line}:{error.column}: {message}"
    for line in excerpt(text, error.line, error.column):
        yield f"    {line}"


# ----------------------------------------------------------------------------- format


def _format(arguments: argparse.Namespace) -> int:
    from kapnb.tick import parse, render

    path, text = arguments.script, _read(arguments.script)
    try:
        formatted = render(parse(text))
    except TickError as error:
        for line in _refusal(error, f"invalid TICKscript: {error}", path, text):
            print(line, file=sys.stderr)
        return 1
    if not arguments.write:
        sys.stdout.write(formatted)
    elif formatted != text:
        write_whole(Path(path), formatted)
    return 0


def _read(path: str) -> str:
    try:
        return Path(path).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: the script cannot be read: {error}") from error
