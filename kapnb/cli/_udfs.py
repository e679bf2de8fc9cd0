"""The arguments that name a script's Handlers and the values of its variables."""

from __future__ import annotations

import argparse
from typing import Any

from kapnb._target import load_target
from kapnb.handler import Handler

__all__ = ["add_script_arguments", "load_udfs", "load_variables"]


def add_script_arguments(parser: Any) -> None:
    """Add ``--udf`` and ``--vars`` to a parser or a group of one."""
    parser.add_argument(
        "--udf",
        action="append",
        default=[],
        metavar="NAME=TARGET",
        help="the Handler of the script's @NAME; repeatable",
    )
    parser.add_argument("--vars", metavar="FILE", help="values of variables, as kapacitor -vars")


def load_udfs(arguments: argparse.Namespace) -> dict[str, type[Handler]]:
    """Return the Handlers by name; wrong usage goes to ``arguments.usage_error``."""
    handlers: dict[str, type[Handler]] = {}
    for pair in arguments.udf:
        name, equals, target = pair.partition("=")
        if not equals or not name:
            arguments.usage_error(f"--udf {pair}: write NAME=TARGET")
        if name in handlers:
            arguments.usage_error(f"--udf {name} is given twice")
        handlers[name] = load_target(target)
    return handlers


def load_variables(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Return the values of the file that ``--vars`` names, if any."""
    if arguments.vars is None:
        return None
    from kapnb.tick import read_vars

    return read_vars(arguments.vars)
