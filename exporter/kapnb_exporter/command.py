"""`kapnb export`: a notebook's Handler as a script that was proven."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kapnb_exporter.formats import FORMATS

if TYPE_CHECKING:
    from kapnb_exporter import Exported, Request

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
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--handler", metavar="NAME", help="which Handler, if several are marked")
    which.add_argument("--all", action="store_true", help="every Handler that is marked")
    parser.add_argument(
        "--format", choices=sorted(FORMATS), default="script", help="what is written"
    )
    parser.add_argument(
        "--bring-modules", action="store_true", help="bring modules beside the notebook along"
    )
    parser.add_argument(
        "--with-tests", action="store_true", help="write tests for the script's own repository, too"
    )
    parser.add_argument(
        "--deploy",
        action="store_true",
        help="write what an operator needs, too: kapacitor.conf, TICKscript, requirements, unit",
    )
    tsam = parser.add_argument_group("with --format tsam")
    tsam.add_argument(
        "--archive",
        choices=("tar", "zip"),
        help="a tar file (the default), or a zip file for releases before 2026.1",
    )
    tsam.add_argument("--device", metavar="DEVICE", help="cpu, gpu or gpu:N")
    tsam.add_argument(
        "--alert",
        metavar="URL",
        help="where alerts go: mqtt://HOST:PORT/TOPIC, or opc.tcp://HOST:PORT/?namespace=N&node_id=N",
    )
    tsam.add_argument(
        "--alert-when",
        metavar="LAMBDA",
        help="when: a condition of TICKscript: '\"flag\" > 0'",
    )
    _add_proof(parser.add_argument_group("the proof"))


def _add_proof(group: argparse._ArgumentGroup) -> None:
    how = group.add_mutually_exclusive_group()
    how.add_argument(
        "--verify",
        choices=("auto", "venv", "fast"),
        default="auto",
        help="venv: where the declared dependencies are installed and nothing else; fast: with "
        "this interpreter; auto (the default): in a venv if one can be made",
    )
    how.add_argument(
        "--no-verify",
        action="store_const",
        const="none",
        dest="verify",
        help="write the script without a proof",
    )
    group.add_argument("--python", metavar="PYTHON", help="the target's, such as 3.12 or a path")
    group.add_argument(
        "--runtime-wheel",
        metavar="FILE",
        type=Path,
        help="the runtime to install; by default the one installed here",
    )
    group.add_argument(
        "--allow-state-loss",
        action="store_true",
        help="export even if answers change after a restart",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Export, and say what was proven."""
    from kapnb_exporter import Request, export_all
    from kapnb_exporter._progress import Progress

    request = Request(
        handler=arguments.handler,
        format=arguments.format,
        verify=arguments.verify,
        python=arguments.python,
        runtime_wheel=arguments.runtime_wheel,
        bring_modules=arguments.bring_modules,
        with_tests=arguments.with_tests,
        deploy=arguments.deploy,
        allow_state_loss=arguments.allow_state_loss,
        alert=arguments.alert,
        alert_when=arguments.alert_when,
        archive=arguments.archive,
        device=arguments.device,
    )
    with Progress(sys.stderr) as progress:
        run = export_all if arguments.all else _export_one
        done = run(
            arguments.notebook,
            arguments.output_dir,
            request,
            tell=progress.tell,
            show=lambda row: progress.keep(str(row)),
        )
    for exported in done:
        for note in exported.notes:
            print(f"note: {note}", file=sys.stderr)
        for warning in exported.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        print(f"{exported.script}: {_proof(exported)}")
    return 0


def _export_one(
    notebook: Path, folder: Path, request: Request, **heard: Any
) -> tuple[Exported, ...]:
    from kapnb_exporter import export

    return (export(notebook, folder, request, **heard),)


def _proof(exported: Exported) -> str:
    """Say in a line what was proven."""
    if not exported.rows:
        return f"{exported.handler}, NOT VERIFIED"
    inputs = sum(recording.inputs for recording in exported.recordings)
    return (
        f"{exported.handler} answered as in the notebook: "
        f"{inputs} inputs replayed, {exported.responses} responses equal"
    )
