"""`kapnb doctor`: say what is installed, or what would fail of a UDF under Kapacitor."""

from __future__ import annotations

import argparse
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from kapnb._target import TARGET_HELP
from kapnb._version import __version__

__all__ = ["HELP", "configure", "execute"]

HELP = "say what is installed; with TARGET, start it as Kapacitor would and say what would fail"

_EXTRA = re.compile(r"extra == ['\"]([\w-]+)['\"]")
_NAME = re.compile(r"[\w.-]+")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "target",
        nargs="*",
        metavar="TARGET",
        help=f"{TARGET_HELP}; or, after --, a command as in Kapacitor's configuration",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the TICKscript, as for simulate; repeatable",
    )
    parser.add_argument(
        "--data", metavar="FILE", help="feed it with a .csv, .lp, .srpl or .brpl file"
    )
    parser.add_argument("--group-by", metavar="TAG,…", help="tags to group the data by; * for all")
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=10.0,
        metavar="SECONDS",
        help="the timeout of Kapacitor's configuration (default 10)",
    )
    parser.add_argument(
        "--points",
        type=int,
        default=100_000,
        metavar="N",
        help="points of the memory check (default 100000)",
    )


def _positive(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text} is no time to wait")
    return seconds


def execute(arguments: argparse.Namespace) -> int:
    """Print the report; status 1 if something would fail."""
    return _examine(arguments) if arguments.target else _installed()


def _examine(arguments: argparse.Namespace) -> int:
    from kapnb.doctor import Limits, examine, plan_command, plan_target

    target = arguments.target
    report = examine(
        plan_target(target[0]) if len(target) == 1 else plan_command(target),
        options=arguments.option,
        data=arguments.data,
        group_by=arguments.group_by.split(",") if arguments.group_by else None,
        limits=Limits(timeout_s=arguments.timeout, points=arguments.points),
        tell=lambda finding: print(finding, flush=True),
    )
    print(report.summary)
    return 1 if report.failed else 0


def _installed() -> int:
    protobuf = _version("protobuf")
    print(f"kapnb     {__version__}")
    print(f"Python    {platform.python_version()} at {sys.executable}")
    print(f"protobuf  {protobuf or 'missing: pip install protobuf'}{_implementation(protobuf)}")
    for extra, packages in _extras().items():
        missing = [name for name in packages if _version(name) is None]
        if missing:
            there = f"missing {', '.join(missing)}: pip install 'kapnb[{extra}]'"
        else:
            there = ", ".join(f"{name} {_version(name)}" for name in packages)
        print(f"{extra:<9} {there}")
    return 0 if protobuf else 1


def _implementation(protobuf: str | None) -> str:
    if protobuf is None:
        return ""
    from google.protobuf.internal import api_implementation

    return f" ({api_implementation.Type()})"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _extras() -> dict[str, list[str]]:
    """Return extra → packages, as the installed kapnb declares them."""
    extras: dict[str, list[str]] = {}
    for extra, name in _requirements():
        extras.setdefault(extra, []).append(name)
    return dict(sorted(extras.items()))


def _requirements() -> Iterator[tuple[str, str]]:
    for requirement in requires("kapnb") or []:
        extra, name = _EXTRA.search(requirement), _NAME.match(requirement)
        if extra and name and name[0] != "kapnb":
            yield extra[1], name[0]
