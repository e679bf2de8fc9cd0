"""`kapnb new`: a notebook to start from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["HELP", "configure", "execute"]

HELP = "start a notebook that simulates, tests and exports a Handler of your name"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("name", metavar="NAME", help="the Handler's, such as pump_alarm")
    parser.add_argument(
        "--kind",
        choices=("stream", "batch", "model"),
        default="stream",
        help="what it takes: points (the default), windows of points, or points with a model",
    )
    parser.add_argument(
        "-o",
        "--output-dir",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="where its folder is made; by default here",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Write the files, and say what comes next."""
    from kapnb_exporter._new import create
    from kapnb_exporter._progress import Progress

    with Progress(sys.stderr) as progress:
        notebook, *others = create(
            arguments.name, arguments.output_dir, arguments.kind, tell=progress.tell
        )
    print(f"{notebook}: open it in Jupyter")
    for path in others:
        print(path)
    print(f"next: kapnb check {notebook}")
    return 0
