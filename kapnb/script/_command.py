"""What a script does when it is started with arguments."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kapnb.errors import KapnbError
from kapnb.handler import REQUIRED, Handler, Option

__all__ = ["obey"]


def obey(
    handler: type[Handler], check: str, argv: Sequence[str], *, started: Callable[[], None]
) -> int:
    """Read the command line and do what it says; return the exit status.

    Parameters
    ----------
    handler : subclass of Handler
        The script's.
    check : str
        What ``--check`` compares with.
    argv : sequence of str
        The arguments.
    started : callable
        Called once it is clear that the Handler is to run.
    """
    arguments = _parser(handler).parse_args(argv)
    started()
    try:
        if arguments.check:
            from kapnb.script._check import check_itself

            return check_itself(handler, check)
        from kapnb.agent import run_server

        run_server(handler, arguments.socket, mode=arguments.mode)
    except KapnbError as error:
        print(f"{_name()}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser(handler: type[Handler]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_name(),
        description=f"{_summary(handler)}\n\nWithout arguments: serve Kapacitor on stdin and "
        "stdout, as it starts this script.",
        epilog="\n".join(_properties(handler)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--socket", metavar="PATH", help="listen at a Unix socket instead")
    what.add_argument(
        "--check",
        action="store_true",
        help="answer a few points as in the notebook, without Kapacitor; status 1 if it does not",
    )
    parser.add_argument(
        "--mode",
        metavar="MODE",
        type=lambda text: int(text, 8),
        default=0o600,
        help="permissions of the socket's file, octal (default 0600)",
    )
    return parser


def _name() -> str:
    return os.path.basename(sys.argv[0])


def _summary(handler: type[Handler]) -> str:
    own = vars(handler).get("__doc__") or ""  # not its base's
    return own.strip().partition("\n")[0] or f"{handler.__name__}, a Kapacitor UDF."


def _properties(handler: type[Handler]) -> Iterator[str]:
    """Yield the edges and the options, as a TICKscript sees them."""
    info = handler().info()
    yield f"{info.wants.name} → {info.provides.name}"
    if info.options:
        yield "in the TICKscript:"
    for name, kinds in info.options.items():
        option = next((o for o in handler.handler_shape.options.values() if o.name == name), None)
        types = ", ".join(kind.name for kind in kinds)
        yield f"  .{name}({types})".ljust(28) + (_explained(option) if option else "")


def _explained(option: Option[Any]) -> str:
    rest = "required" if option.default is REQUIRED else f"default {option.default!r}"
    return "  ".join(part for part in (option.doc, f"({rest})") if part)
