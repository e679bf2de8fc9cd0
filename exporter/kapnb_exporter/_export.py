"""The export as a whole: static closure, fresh run, script, proof; then the files."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kapnb.errors import ExportError
from kapnb_exporter._alerts import read_alert
from kapnb_exporter._carried import check_carried, path_notes
from kapnb_exporter._closure import Closure, check_script_name, close
from kapnb_exporter._deploy import deploy_files
from kapnb_exporter._execute import Execution, Recording, execute
from kapnb_exporter._modules import bring
from kapnb_exporter._namespace import read_namespace
from kapnb_exporter._notebook import Notebook, read_notebook
from kapnb_exporter._notices import notices
from kapnb_exporter._outputs import showing_cells, stale_cells
from kapnb_exporter._proof import Proof, Way, prove, prove_package
from kapnb_exporter._request import Request
from kapnb_exporter._select import Marked, find_handler, find_handlers
from kapnb_exporter._tests import test_files
from kapnb_exporter._told import closing, make_product, simulations_of
from kapnb_exporter._validation import sidecar
from kapnb_exporter._venv import find_python, inspect
from kapnb_exporter._verify import HASH_SEEDS, Row
from kapnb_exporter._write import write_all
from kapnb_exporter.formats import File, Product, format_named

__all__ = ["Exported", "export", "export_all", "script_name"]


@dataclass(frozen=True)
class Exported:
    """What an export made.

    Attributes
    ----------
    script : Path
        The first of the files.
    files : tuple of Path
        All of them.
    handler : str
        Name of the Handler's class.
    recordings : tuple of Recording
        The simulations it was verified with.
    rows : tuple of Row
        What was checked.
    notes : tuple of str
        What a person should know.
    warnings : tuple of str
        KN304 and KN305: what may bite in production, though nothing was found to be wrong.
    """

    script: Path
    files: tuple[Path, ...]
    handler: str
    recordings: tuple[Recording, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def responses(self) -> int:
        """How many responses were compared, over all processes."""
        return len(HASH_SEEDS) * sum(
            sum(1 for is_request, _ in recording.transcript if not is_request)
            for recording in self.recordings
        )


def _tell_nobody(_: object) -> None:
    """Keep quiet."""


_DEFAULT = Request()


def export(
    notebook: Path,
    folder: Path,
    request: Request = _DEFAULT,
    *,
    tell: Callable[[str], None] = _tell_nobody,
    show: Callable[[Row], None] = _tell_nobody,
) -> Exported:
    r"""Export the marked Handler of a notebook.

    Parameters
    ----------
    notebook : Path
        The notebook; it is not changed.
    folder : Path
        Where the files go; made if missing.
    request : Request, optional
        What is asked for.
    tell : callable, optional
        Takes a sentence about each step, for a person who waits.
    show : callable, optional
        Takes each row of the table of checks.

    Returns
    -------
    Exported
        The files and their proof.

    Raises
    ------
    ExportError
        If anything stands in the way. Nothing was written then.

    Examples
    --------
    A notebook of two cells, a Handler and a simulation of it; the script is started, and gets
    what the simulation got:

    >>> import json, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> handler = (
    ...     "from kapnb import Handler, Point, simulate, udf\n"
    ...     "@udf\n"
    ...     "class Twice(Handler):\n"
    ...     "    def point(self, point):\n"
    ...     "        yield point.with_fields(y=2 * point.fields['x'])\n"
    ... )
    >>> simulation = "simulate(Twice, [Point({'x': 1.5}, time=0)])"
    >>> more = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    >>> cells = [{**more, "source": source} for source in (handler, simulation)]
    >>> notebook = Path(folder.name, "twice.ipynb")
    >>> _ = notebook.write_text(
    ...     json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    ... )
    >>> made = export(notebook, Path(folder.name, "build"))
    >>> [file.name for file in made.files], made.handler
    (['twice.py', 'twice.validation.json'], 'Twice')
    >>> next(row for row in made.rows if row.check == "simulation 1").detail
    '1 in, 3 answers equal under 2 seeds'
    >>> folder.cleanup()

    Which of several Handlers, and what else may be asked for, is in a `Request`:
    ``export(notebook, folder, Request(handler="Twice", deploy=True))``.
    """
    read = read_notebook(notebook)
    (made,) = _make_all(read, [find_handler(read, request.handler)], request, tell, show)
    return _exported(made, write_all(folder, made.files))


def export_all(
    notebook: Path,
    folder: Path,
    request: Request = _DEFAULT,
    *,
    tell: Callable[[str], None] = _tell_nobody,
    show: Callable[[Row], None] = _tell_nobody,
) -> tuple[Exported, ...]:
    """Export every marked Handler of a notebook, each as a script; or none.

    The notebook runs once.

    Parameters
    ----------
    notebook, folder, request, tell, show
        As for `export`; the request names no Handler.

    Returns
    -------
    tuple of Exported
        In the notebook's order.

    Raises
    ------
    ExportError
        If anything stands in the way of one of them. Nothing was written then.
    """
    read = read_notebook(notebook)
    all_made = _make_all(read, find_handlers(read), request, tell, show)
    files = {file.path: file for file in _shared(all_made)}
    paths = dict(zip(files, write_all(folder, files.values()), strict=True))
    return tuple(_exported(made, [paths[file.path] for file in made.files]) for made in all_made)


@dataclass(frozen=True)
class _Made:
    """An export that is not written yet."""

    handler: str
    files: tuple[File, ...]
    recordings: tuple[Recording, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Planned:
    """A script of which all is known that need not be run."""

    name: str
    closure: Closure


def _make_all(
    read: Notebook,
    marked: Iterable[Marked],
    request: Request,
    tell: Callable[[str], None],
    show: Callable[[Row], None],
) -> list[_Made]:
    """Do all of several exports but the writing; what can be refused early is."""
    _check_request(request)
    planned = [_plan(read, one, request) for one in marked]
    way = Way(request, find_python(request.python) if request.python else None, tell, show)
    for plan in planned:
        closure = plan.closure
        needs = _needs(len(closure.statements) - 1, len(closure.imports))
        tell(f"{closure.handler} needs {needs}")
    tell(f"running {read.name} from a fresh kernel")
    with execute(read.path, closing(plan.closure for plan in planned), tell) as execution:
        return [_make(plan, execution.of(plan.closure.handler), way) for plan in planned]


def _plan(read: Notebook, marked: Marked, request: Request) -> _Planned:
    closure = close(read, marked, bring_modules=request.bring_modules)
    name = script_name(closure.handler).removesuffix(".py")
    check_script_name(closure, f"{name}.py")
    bring(closure.local, read.path.resolve().parent)  # refused early, if it must be
    return _Planned(name, closure)


def _make(plan: _Planned, execution: Execution, way: Way) -> _Made:
    """Write the script, prove it, and pack it."""
    closure, request = plan.closure, way.request
    ours = simulations_of(
        closure.handler,
        execution,
        notebook=closure.notebook.name,
        proven=request.verify != "none",
    )
    product = make_product(
        plan.name,
        closure,
        execution,
        ours,
        bring_modules=request.bring_modules,
        target=inspect(way.python).minor if way.python else None,
    )
    space = read_namespace(closure.notebook)
    shown = showing_cells(space, closure.handler)
    notes = list(stale_cells(execution.saved, execution.fresh, shown))
    notes += path_notes(ours, closure.notebook.path.parent)
    warnings = tuple(notices(closure, space, product.modules))
    proof = prove(product, execution, ours, way)
    files, packed = _packed(product, ours, execution, way, proof)
    proof = replace(proof, rows=proof.rows + packed)
    if request.with_tests:
        check_carried(closure, ours, [str(recording.transcript) for recording in ours])
        files += test_files(product, ours, execution.folder)
    if request.deploy:
        product = replace(product, recordings=ours)
        files += deploy_files(product, proof, execution.answer["options"])
    notes += proof.notes
    told = [*notes, *warnings]
    files.append(sidecar(product, proof, told, ours, files=files, now=datetime.now(UTC)))
    return _Made(closure.handler, tuple(files), ours, proof.rows, tuple(notes), warnings)


def _exported(made: _Made, paths: Sequence[Path]) -> Exported:
    return Exported(
        script=paths[0],
        files=tuple(paths),
        handler=made.handler,
        recordings=made.recordings,
        rows=made.rows,
        notes=made.notes,
        warnings=made.warnings,
    )


def _shared(all_made: Iterable[_Made]) -> Iterator[File]:
    """Yield the files of several exports; what two of them need must be the same.

    Raises
    ------
    ExportError
        If two would write other content under one name.
    """
    owners: dict[str, tuple[str, File]] = {}
    for made in all_made:
        for file in made.files:
            owner, other = owners.setdefault(file.path, (made.handler, file))
            if other != file:
                raise ExportError(
                    f"{owner} and {made.handler} would both write {file.path}, and not the same; "
                    "export them one by one (--handler NAME) into folders of their own"
                )
            yield file


def _check_request(request: Request) -> None:
    """Refuse what does not go together, before anything takes time."""
    if (request.with_tests or request.deploy) and request.format != "script":
        raise ExportError(
            "--with-tests and --deploy write files for a script; they go with --format script alone"
        )
    for name in ("alert", "alert_when", "archive", "device"):
        if getattr(request, name) and request.format != "tsam":
            raise ExportError(f"--{name.replace('_', '-')} goes with --format tsam alone")
    if bool(request.alert) != bool(request.alert_when):
        raise ExportError("an alert needs both: where it goes (--alert), and when (--alert-when)")
    if request.alert and request.alert_when:
        read_alert("udf", request.alert, request.alert_when)


def _packed(
    product: Product, ours: tuple[Recording, ...], execution: Execution, way: Way, proof: Proof
) -> tuple[list[File], tuple[Row, ...]]:
    """Make the files, and prove those of them that are started otherwise than the script."""
    product = replace(
        product,
        recordings=ours,
        request=way.request,
        interpreter=proof.interpreter.path if proof.interpreter else way.python or sys.executable,
    )
    if way.request.format != "script":
        way.tell(f"making the {way.request.format}")
    files = [*format_named(way.request.format).files(product)]
    return files, prove_package(product, files, execution, way)


def script_name(handler: str) -> str:
    """Return the file name for a Handler: its class's name in snake case.

    Examples
    --------
    >>> script_name("MovingAverage"), script_name("CPULoad2")
    ('moving_average.py', 'cpu_load2.py')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", handler)
    return f"{words.lower()}.py"


def _needs(statements: int, imports: int) -> str:
    plural, imported = "s" * (statements != 1), "s" * (imports != 1)
    return f"{statements} further statement{plural} and {imports} import{imported}"
