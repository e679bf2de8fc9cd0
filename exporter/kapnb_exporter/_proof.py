"""The proof: the script, with all that lies beside it and nothing else, in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from kapnb.errors import ExportError
from kapnb_exporter._distributions import beyond, until_both_have_it
from kapnb_exporter._execute import Execution, Recording
from kapnb_exporter._process import Process
from kapnb_exporter._request import Request
from kapnb_exporter._venv import Interpreter, NotInstalled, environment, inspect
from kapnb_exporter._verify import Bench, Row, verify, verify_start
from kapnb_exporter._write import write_all
from kapnb_exporter.formats import File, Product, Started, format_named

__all__ = ["Proof", "Way", "prove", "prove_package"]


@dataclass(frozen=True)
class Way:
    """How the proof is made, and who is told.

    Parameters
    ----------
    request : Request
        What was asked for.
    python : str or None
        The target's interpreter, if it is another.
    tell : callable
        Takes a sentence about each step.
    show : callable
        Takes each row of the table.
    """

    request: Request
    python: str | None
    tell: Callable[[str], None]
    show: Callable[[Row], None]


@dataclass(frozen=True)
class Proof:
    """What came of it.

    Parameters
    ----------
    mode : {"venv", "fast", "none"}
        How the script was proven in the end.
    rows : tuple of Row
        The table of checks.
    notes : tuple of str
        What a person should know besides.
    interpreter : Interpreter or None
        What the script ran with.
    """

    mode: str
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    interpreter: Interpreter | None = None


_NONE = Proof("none", notes=("not verified, as was asked for: nothing says that the script works",))


def prove(product: Product, execution: Execution, ours: tuple[Recording, ...], way: Way) -> Proof:
    """Run the script as a process and compare it with what the notebook's Handler did.

    Parameters
    ----------
    product : Product
        The script and what lies beside it.
    execution : Execution
        The run of the notebook.
    ours : tuple of Recording
        The simulations of the Handler.
    way : Way
        How.

    Raises
    ------
    ExportError
        KN403, KN404 or KN406 for the first check that fails.
    """
    if way.request.verify == "none":
        return _NONE
    python, first = _interpreter(product, way)
    way.show(first)
    interpreter = inspect(python)
    mode = "venv" if first.verdict == "ok" else "fast"
    with _folders() as (beside, empty):
        script, *_ = write_all(beside, format_named("script").files(product))
        process = Process(python, script, empty, execution.folder, isolated=mode == "venv")
        other_python = _other_python(interpreter)
        bench = _bench(process, execution, ours, way, other_python, product.volatile)
        plural = "s" * (len(ours) != 1)
        way.tell(f"replaying {len(ours)} simulation{plural} against {script.name}")
        rows = [first, *verify(bench, way.show)]
    return Proof(mode, tuple(rows), interpreter=interpreter)


def prove_package(
    product: Product, files: Sequence[File], execution: Execution, way: Way
) -> tuple[Row, ...]:
    """Put what is to be written to use, and run it as the proven script was run.

    Parameters
    ----------
    product : Product
        The script, which was proven.
    files : sequence of File
        What a format made of it.
    execution : Execution
        The run of the notebook.
    way : Way
        How.

    Returns
    -------
    tuple of Row
        One for each way to start it; none for the script itself, which was started.

    Raises
    ------
    ExportError
        KN403 or KN406 for the first that fails.
    """
    chosen = format_named(way.request.format)
    if way.request.verify == "none" or not hasattr(chosen, "starts"):
        return ()
    rows = []
    with _folders() as (folder, empty):
        write_all(folder, files)
        way.tell(f"starting what was made: {', '.join(file.path for file in files)}")
        for start in cast(Started, chosen).starts(product, folder):
            if start.reason:
                rows.append(Row(start.label, "not verified", start.reason))
            else:
                script = Path(start.command[-1])
                process = Process(product.interpreter, script, empty, execution.folder, True, start)
                bench = _bench(process, execution, product.recordings, way)
                rows.append(verify_start(bench, start.label))
            way.show(rows[-1])
    return tuple(rows)


@contextmanager
def _folders() -> Iterator[tuple[Path, Path]]:
    """Give a folder for what is proven, and an empty one to start it in."""
    with (
        TemporaryDirectory(prefix="kapnb-script-") as beside,
        TemporaryDirectory(prefix="kapnb-folder-") as empty,
    ):
        yield Path(beside), Path(empty)


def _bench(
    process: Process,
    execution: Execution,
    ours: tuple[Recording, ...],
    way: Way,
    other_python: str = "",
    volatile: tuple[str, ...] = (),
) -> Bench:
    return Bench(
        process=process,
        recordings=ours,
        probes=execution.probes,
        fingerprints=execution.answer["fingerprints"],
        deterministic=execution.answer["deterministic"],
        allow_state_loss=way.request.allow_state_loss,
        other_python=other_python,
        volatile=volatile,
    )


def _other_python(interpreter: Interpreter) -> str:
    here = ".".join(map(str, sys.version_info[:2]))
    return "" if interpreter.minor == here else interpreter.minor


def _interpreter(product: Product, way: Way) -> tuple[str, Row]:
    """Return what runs the script, and whether it has what the script declares and no more."""
    here = way.python or sys.executable
    if way.request.verify == "fast":
        what = "this interpreter's packages were used; what the script declares was not installed"
        return here, Row("dependencies", "not verified", what)
    if way.python:
        _check_exists(product, way.python)
    way.tell(f"installing {', '.join(product.requirements)}")
    try:
        wheel = way.request.runtime_wheel
        python = environment(product.requirements, python=way.python, wheel=wheel)
    except NotInstalled as error:
        if way.request.verify == "venv" or way.python:
            raise
        return here, Row("dependencies", "not verified", str(error))
    packages = ", ".join(product.requirements)
    return python, Row("dependencies", "ok", f"a venv with nothing but {packages}")


def _check_exists(product: Product, python: str) -> None:
    """Refuse pins that no index has for a Python, and say more than an installer could."""
    names = (text.partition("==") for text in product.requirements)
    pins = [distribution(name) for name, _, release in names if release and name != "kapnb"]
    target = inspect(python)
    too_new = beyond(pins, target.version)
    if too_new:
        raise ExportError(
            f"Python {target.version} cannot have {', '.join(too_new)}, which the notebook ran "
            f"with; {until_both_have_it(too_new, target.minor)}",
            where=product.notebook,
            code="KN406",
        )
