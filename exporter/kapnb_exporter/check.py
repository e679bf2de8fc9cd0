"""`kapnb check`: whether notebooks still say the truth, for CI and before a commit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kapnb_exporter._check import Case

__all__ = ["HELP", "configure", "execute"]

HELP = (
    "run notebooks afresh: the outputs must be those saved, the scripts answer as the Handlers do"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("notebooks", metavar="NOTEBOOK", type=Path, nargs="+", help="a notebook")
    parser.add_argument(
        "--junit", metavar="FILE", type=Path, help="write what was found as JUnit XML"
    )
    parser.add_argument("--handler", metavar="NAME", help="which Handler; by default all marked")
    parser.add_argument(
        "--verify",
        choices=("auto", "venv", "fast"),
        default="auto",
        help="how scripts are proven, as for export",
    )
    parser.add_argument(
        "--bring-modules", action="store_true", help="bring modules beside the notebook along"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Check all notebooks, say what is wrong; 1 if anything is."""
    from kapnb._files import write_whole
    from kapnb_exporter import Request
    from kapnb_exporter._check import check, junit
    from kapnb_exporter._progress import Progress

    request = Request(
        handler=arguments.handler,
        verify=arguments.verify,
        bring_modules=arguments.bring_modules,
    )
    found: dict[str, list[Case]] = {}
    with Progress(sys.stderr) as progress:
        for notebook in arguments.notebooks:
            found[str(notebook)] = list(check(notebook, request, progress.tell))
    if arguments.junit is not None:
        write_whole(arguments.junit, junit(found))
    for name, cases in found.items():
        _report(name, cases)
    return int(any(case.verdict == "failed" for cases in found.values() for case in cases))


def _report(notebook: str, cases: Sequence[Case]) -> None:
    """Print what failed, what was left out, and a line on the whole."""
    for case in cases:
        if case.verdict != "ok":
            print(f"{notebook}: {case.name} {case.verdict}: {case.detail}")
    counts = [
        f"{sum(case.verdict == v for case in cases)} {v}" for v in ("ok", "failed", "skipped")
    ]
    print(f"{notebook}: {', '.join(counts)}")
