"""The proof: the script, with all that lies beside it and nothing else, in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kapnb_exporter._execute import Execution, Recording
from kapnb_exporter._process import Process
from kapnb_exporter._request import Request
from kapnb_exporter._venv import Interpreter, NotInstalled, environment, inspect
from kapnb_exporter._verify import Bench, Row, verify
from kapnb_exporter._write import write_all
from kapnb_exporter.formats import Product, format_named

__all__ = ["Proof", "Way", "prove"]


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
    with ExitStack() as stack:
        beside, empty = (
            Path(stack.enter_context(TemporaryDirectory(prefix=f"kapnb-{what}-")))
            for what in ("script", "folder")
        )
        script, *_ = write_all(beside, format_named("script").files(product))
        bench = Bench(
            process=Process(python, script, empty, execution.folder, isolated=mode == "venv"),
            recordings=ours,
            probes=execution.probes,
            fingerprints=execution.answer["fingerprints"],
            deterministic=execution.answer["deterministic"],
            allow_state_loss=way.request.allow_state_loss,
            other_python=_other_python(interpreter),
        )
        plural = "s" * (len(ours) != 1)
        way.tell(f"replaying {len(ours)} simulation{plural} against {script.name}")
        rows = [first, *verify(bench, way.show)]
    return Proof(mode, tuple(rows), interpreter=interpreter)


def _other_python(interpreter: Interpreter) -> str:
    here = ".".join(map(str, sys.version_info[:2]))
    return "" if interpreter.minor == here else interpreter.minor


def _interpreter(product: Product, way: Way) -> tuple[str, Row]:
    """Return what runs the script, and whether it has what the script declares and no more."""
    here = way.python or sys.executable
    if way.request.verify == "fast":
        what = "this interpreter's packages were used; what the script declares was not installed"
        return here, Row("dependencies", "not verified", what)
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
