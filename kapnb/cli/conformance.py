"""`kapnb conformance`: judge an agent's command by the forty conformance cases."""

from __future__ import annotations

import argparse
import sys

__all__ = ["HELP", "configure", "execute"]

HELP = "play Kapacitor against an agent's command and judge it by forty cases"
EPILOG = (
    "{case} in COMMAND is replaced by the case's name, so that a command can play the Handler "
    "that the case needs (--list names them); {socket} by PATH, in which {case} is replaced, "
    "too. Exit status: 1 if a case failed."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.usage = "kapnb conformance [options] -- COMMAND …"
    parser.epilog = EPILOG
    parser.add_argument("command", metavar="COMMAND", nargs="*", help="starts the agent")
    parser.add_argument("--list", action="store_true", help="list the cases and their roles")
    parser.add_argument(
        "--socket", metavar="PATH", help="COMMAND listens on this Unix socket; default: pipes"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=3.0,
        metavar="SECONDS",
        help="the keepalive timeout that Kapacitor would use (default: 3)",
    )
    parser.add_argument(
        "--grace",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long an agent may take to leave (default: 10)",
    )
    parser.add_argument(
        "--jobs", type=_jobs, default=2, metavar="N", help="cases at a time (default: 2)"
    )
    parser.add_argument(
        "--only", type=_numbers, metavar="N,…", help="numbers of the cases (default: all)"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Print a line for each case and a summary."""
    if arguments.list:
        _list()
        return 0
    if not arguments.command:
        print("kapnb conformance: which COMMAND? give it after --", file=sys.stderr)
        return 2
    from kapnb.testing import conformance

    report = conformance.check(
        arguments.command,
        numbers=arguments.only,
        socket=arguments.socket,
        timeout_s=arguments.timeout,
        grace_s=arguments.grace,
        jobs=arguments.jobs,
        progress=lambda result: print(result, flush=True),
    )
    print(report.summary)
    return 1 if report.failed else 0


def _list() -> None:
    from kapnb.testing.conformance import CASES, ROLES

    for case in CASES.values():
        print(f"{case.number:02}  {case.name:<24}  {case.role.name:<15}  {case.title}")
    print()
    for role in ROLES.values():
        print(f"{role.name} ({role.edges}): {role.does}")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 3600:
        raise argparse.ArgumentTypeError("seconds, more than 0 and less than 3600")
    return value


def _jobs(text: str) -> int:
    jobs = int(text)
    if jobs < 1:
        raise argparse.ArgumentTypeError("a number of cases, at least 1")
    return jobs


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(",")]
    if not all(1 <= number <= 40 for number in numbers):
        raise argparse.ArgumentTypeError("numbers of cases, 1 to 40, joined by commas")
    return numbers
