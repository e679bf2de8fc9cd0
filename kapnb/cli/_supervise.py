"""`kapnb run --supervise`: its options, and the command it starts."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from kapnb.errors import TargetError

__all__ = ["add_supervision", "run_supervised"]


def add_supervision(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    group = parser.add_argument_group("supervision (docs/supervision.md)")
    group.add_argument(
        "--supervise",
        action="store_true",
        help="keep the connection, and restart the Handler exactly where it was if it crashes",
    )
    group.add_argument(
        "--snapshot-every",
        type=int,
        metavar="N",
        help="take a snapshot after N points (default: 10000)",
    )
    group.add_argument(
        "--buffer-points",
        type=int,
        metavar="N",
        help="keep at most N points for a replay (default: 100000)",
    )
    group.add_argument(
        "--max-restarts",
        type=int,
        metavar="N",
        help="give up after N restarts within a minute (default: 100)",
    )


def run_supervised(arguments: argparse.Namespace) -> int:
    """Serve TARGET in a process of its own behind this one; return the exit status.

    Raises
    ------
    TargetError
        If a limit makes no sense.
    """
    from kapnb.supervise import Limits, supervise

    given: dict[str, Any] = {
        name: getattr(arguments, name)
        for name in ("snapshot_every", "buffer_points", "max_restarts")
        if getattr(arguments, name) is not None
    }
    try:
        if busy := os.environ.get("KAPNB_BUSY_LIMIT"):
            given["busy_limit_s"] = float(busy)
        limits = Limits(**given)
    except ValueError as error:
        raise TargetError(f"kapnb run --supervise (or KAPNB_BUSY_LIMIT): {error}") from error
    command = [sys.executable, "-m", "kapnb", "run", "--", arguments.target, *arguments.arguments]
    if arguments.socket is not None:
        from kapnb.supervise import supervise_socket

        supervise_socket(command, arguments.socket, limits, mode=arguments.mode)
    status: int = supervise(command, limits)
    return status
