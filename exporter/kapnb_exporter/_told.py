"""What running the notebook told: simulations, values, modules; and what must not travel of it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kapnb.errors import ExportError
from kapnb.model import InfoResponse
from kapnb.simulation import message_from_text
from kapnb_exporter import _refusals
from kapnb_exporter._after import Asked, closing_cell
from kapnb_exporter._carried import check_carried, travelling
from kapnb_exporter._closure import Closure
from kapnb_exporter._excerpt import excerpt
from kapnb_exporter._execute import Execution, Recording
from kapnb_exporter._kept import Values, head_of
from kapnb_exporter._literals import find_machine_path, find_secret
from kapnb_exporter._modules import Modules, bring
from kapnb_exporter._namespace import read_namespace
from kapnb_exporter._notices import volatile_calls
from kapnb_exporter._policy import is_local
from kapnb_exporter._render import Facts, render
from kapnb_exporter._requirements import requirements
from kapnb_exporter.formats import File, Product

__all__ = ["closing", "make_product", "simulations_of"]


def closing(closures: Iterable[Closure]) -> Callable[[Path], str]:
    """Return what writes the cell that asks the kernel for all that the scripts need of it."""
    asked = [_asked(closure) for closure in closures]
    return lambda records: closing_cell(records, asked)


def _asked(closure: Closure) -> Asked:
    return Asked(
        handler=closure.handler,
        names=sorted(closure.defined - {kept.name for kept in closure.kept}),
        frozen={kept.name: len(head_of(kept)) for kept in closure.kept if kept.file is None},
        files=[kept.file for kept in closure.kept if kept.file is not None],
        builtins=sorted(closure.builtins),
    )


def _facts(
    closure: Closure,
    execution: Execution,
    ours: tuple[Recording, ...],
    brought: Modules,
    target: str | None,
) -> Facts:
    artifacts = execution.answer["artifacts"]
    modules = frozenset(_unpickled(execution, closure, local=False)) | brought.imports
    if _takes_frames(closure):
        modules |= {"pandas"}
    plain = [r.transcript for r in travelling(ours, closure.notebook.path.parent)]
    return Facts(
        info=_info(closure, ours[0]) if ours else None,
        values=Values(
            frozen=execution.answer["frozen"],
            hashes={file: facts["sha256"] for file, facts in artifacts.items()},
        ),
        modules=modules,
        check=excerpt(plain),
        target=target,
        modules_beside=bool(brought.files),
    )


def _info(closure: Closure, recording: Recording) -> InfoResponse | None:
    """Return the answer to info, unless a class of the closure computes its own."""
    classes = [s.node for s in closure.statements if isinstance(s.node, ast.ClassDef)]
    methods = (node for cls in classes for node in ast.walk(cls))
    if any(isinstance(node, ast.FunctionDef) and node.name == "info" for node in methods):
        return None
    info = message_from_text(recording.info, request=False)
    assert isinstance(info, InfoResponse)
    return info


def _brought(closure: Closure, execution: Execution, *, bring_modules: bool) -> Modules:
    """Collect the modules beside the notebook that the script or one of its pickles imports."""
    needed = set(_unpickled(execution, closure, local=True))
    if needed and not bring_modules:
        raise ExportError(
            f"an artifact holds objects of {', '.join(sorted(needed))}, a module beside the "
            "notebook; bring it along (--bring-modules), or make it an installed package",
            where=closure.notebook.name,
            code="KN301",
        )
    return bring(closure.local | needed, closure.notebook.path.resolve().parent)


def _unpickled(execution: Execution, closure: Closure, *, local: bool) -> Iterator[str]:
    """Yield the modules that reading the artifacts imports, of the notebook's folder or not."""
    folder = closure.notebook.path.resolve().parent
    for told in execution.answer["artifacts"].values():
        for module in told["modules"]:
            package = module.partition(".")[0]
            if package != "__main__" and is_local(package, folder) is local:
                yield package if local else module


def _takes_frames(closure: Closure) -> bool:
    """Whether a class takes batches as DataFrames, which kapnb makes with pandas."""
    classes = [s.node for s in closure.statements if isinstance(s.node, ast.ClassDef)]
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "frame"
        for cls in classes
        for node in cls.body
    )


def make_product(
    name: str,
    closure: Closure,
    execution: Execution,
    ours: tuple[Recording, ...],
    *,
    bring_modules: bool,
    target: str | None,
) -> Product:
    """Write the script and collect what lies beside it.

    Parameters
    ----------
    name : str
        The script's, without suffix.
    closure : Closure
        What it is made of.
    execution : Execution
        The run of the notebook.
    ours : tuple of Recording
        The simulations of its Handler.
    bring_modules : bool
        Whether modules beside the notebook may come along.
    target : str or None
        The Python version it is to be proven for, if one was asked for.

    Raises
    ------
    ExportError
        KN205, KN206, KN213, KN301, KN302, KN310, KN311 or KN312: it must not travel, or cannot.
    """
    for name in execution.answer["shadowed"]:
        raise _refusals.shadowed_builtin(closure.notebook, closure.builtins[name])
    _check_frozen(closure, execution)
    _check_pickled(closure, execution)
    brought = _brought(closure, execution, bring_modules=bring_modules)
    facts = _facts(closure, execution, ours, brought, target)
    _check_name(name, facts, brought)
    needed, unknown = requirements(closure.modules | facts.modules)
    _refuse_unknown(closure, unknown)
    check_carried(closure, ours, [facts.check])
    beside = [File(path, content) for path, content in brought.files.items()]
    for file, told in execution.answer["artifacts"].items():
        beside.append(File(file, Path(told["path"]).read_bytes()))
    return Product(
        name=name,
        handler=closure.handler,
        notebook=closure.notebook.name,
        script=render(closure, facts),
        requirements=needed,
        modules=closure.modules | facts.modules,
        volatile=volatile_calls(closure, read_namespace(closure.notebook)),
        beside=tuple(beside),
    )


def _check_name(name: str, facts: Facts, brought: Modules) -> None:
    """Refuse a script that would hide what only its modules or artifacts import, or be one."""
    imported = {module.partition(".")[0] for module in facts.modules}
    along = {path.partition("/")[0].removesuffix(".py") for path in brought.files}
    if name in imported | along:
        raise _refusals.shadowing_name(f"{name}.py", name, is_stdlib=False)


def _check_frozen(closure: Closure, execution: Execution) -> None:
    """Refuse a frozen value that must not travel; that it was computed does not change that."""
    notebook = closure.notebook
    for statement in closure.statements:
        kept = statement.kept
        if kept is None or kept.file is not None:
            continue
        text = f"{kept.name} = {execution.answer['frozen'][kept.name]}"
        (node,) = ast.parse(text).body
        secret = find_secret(node, text, 1)
        if secret is not None:
            raise _refusals.secret(notebook, statement, statement.line, secret[1])
        for folder in (execution.folder, notebook.path.parent):
            path = find_machine_path(node, text, 1, folder)
            if path is not None:
                raise _refusals.machine_path(notebook, statement, statement.line, path[1])


def _check_pickled(closure: Closure, execution: Execution) -> None:
    """Refuse an artifact that holds objects of a class which stays behind in the notebook."""
    space = read_namespace(closure.notebook)
    for statement in closure.statements:
        file = statement.kept and statement.kept.file
        for name in execution.answer["artifacts"][file]["own"] if file else ():
            definition = space.binding(name)
            if name not in closure.names and definition is not None:
                raise _refusals.holds_own_class(closure.notebook, statement, definition, name)


def _refuse_unknown(closure: Closure, unknown: tuple[str, ...]) -> None:
    """Refuse an import of which nobody can say how to install it, unless it is optional."""
    for item in closure.imports:
        if item.package in unknown:
            place = item.cell, item.line
            raise _refusals.no_distribution(closure.notebook, place, item.package)


def simulations_of(
    handler: str, execution: Execution, *, notebook: str, proven: bool
) -> tuple[Recording, ...]:
    """Return the simulations of a Handler as it is defined in the end.

    Parameters
    ----------
    handler : str
        Its name.
    execution : Execution
        The run of the notebook.
    notebook : str
        The notebook's name.
    proven : bool
        Whether they must prove something.

    Raises
    ------
    ExportError
        KN402 if they prove nothing.
    """
    definition = execution.answer["definition"]
    ours = tuple(
        recording for recording in execution.recordings if recording.definition == definition
    )
    if not proven:
        return ours
    if not ours:
        earlier = any(recording.handler == handler for recording in execution.recordings)
        raise ExportError(
            f"the notebook runs no simulation of {handler}"
            + (" after its last definition" if earlier else "")
            + f": nothing would be proven; add simulate({handler}, …) with data it should handle",
            where=notebook,
            code="KN402",
        )
    if not any(recording.outputs for recording in ours):
        raise ExportError(
            f"no simulation of {handler} has any output: nothing would be proven; "
            "simulate it with data that makes it answer",
            where=notebook,
            code="KN402",
        )
    return ours
