"""`kapnb export`: a notebook's Handler as a script that was proven."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["HELP", "configure", "execute"]

HELP = "turn a notebook's Handler into a script, and prove that it answers as the notebook did"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("notebook", metavar="NOTEBOOK", type=Path, help="the notebook")
    parser.add_argument(
        "-o",
        "--output-dir",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="where the script goes; by default here",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Export, and say what was proven."""
    from kapnb_exporter import export

    exported = export(
        arguments.notebook,
        arguments.output_dir,
        tell=lambda text: print(f"… {text}", file=sys.stderr),
    )
    inputs = sum(recording.inputs for recording in exported.recordings)
    print(
        f"{exported.script}: {exported.handler} answered as in the notebook: "
        f"{inputs} inputs replayed, {exported.responses} responses equal"
    )
    return 0
