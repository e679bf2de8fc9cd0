"""What Kapacitor would say to a script: when it is defined, and when its task is enabled.

Beside that, what kapnb cannot judge, and what Kapacitor would accept in silence although it is
hardly meant. No UDF is started here: who can start one passes a callable that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kapnb.errors import LateError, NotSimulatedError, TickError
from kapnb.handler import Handler
from kapnb.model import EdgeType, InfoResponse, ReceivedOption
from kapnb.tick._ast import Position
from kapnb.tick._catalogue import CATALOGUE
from kapnb.tick._edges import check_edges
from kapnb.tick._evaluate import evaluate
from kapnb.tick._graph import Remark, Task, TaskNode
from kapnb.tick._lints import lint
from kapnb.tick._options import received_options
from kapnb.tick._parser import parse
from kapnb.tick._schema import Schema
from kapnb.tick._subject import Lint, Subject, error_position

__all__ = ["ScriptCheck", "Start", "check_script"]

#: Starts a UDF with the options that a script gives it, and returns Kapacitor's text if it fails,
#: such as ``failed to initialize processes must supply field name``; else an empty one.
Start = Callable[[TaskNode, tuple[ReceivedOption, ...]], str]
#: Tries to make the nodes that run, and returns what hinders.
Probe = Callable[[Task], list[TickError]]


@dataclass(frozen=True, slots=True)
class ScriptCheck:
    """The judgement of a script.

    Attributes
    ----------
    define : TickError or None
        What ``kapacitor define`` refuses; its text is what follows ``invalid TICKscript:``.
    enable : TickError or None
        What keeps the task from running once it is enabled, as ``kapacitor show`` has it.
    task : Task or None
        What the script defines, if it can be defined.
    unchecked : list of Remark
        What is valid as far as kapnb knows, but not simulated or not looked into.
    lints : list of Lint
        What Kapacitor would accept in silence; in the order of the script.
    """

    define: TickError | None = None
    enable: TickError | None = None
    task: Task | None = None
    unchecked: list[Remark] = field(default_factory=list)
    lints: list[Lint] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the task would not run."""
        return self.define is not None or self.enable is not None


def check_script(
    script: str,
    udfs: Mapping[str, InfoResponse | type[Handler]] | None = None,
    *,
    variables: Mapping[str, Any] | None = None,
    edge: EdgeType | None = None,
    schema: Schema | None = None,
    start: Start | None = None,
    probe: Probe | None = None,
) -> ScriptCheck:
    """Judge a script as Kapacitor does, and where it looks away.

    Parameters
    ----------
    script : str
        Its text.
    udfs : mapping, optional
        The Handler of each UDF, or what it declares, by its name in the script. Only a Handler
        tells which of its options are required.
    variables : mapping, optional
        As for `evaluate`.
    edge : EdgeType, optional
        As for `evaluate`.
    schema : mapping of str to Measurement, optional
        The data's measurements, as `schema_of` finds them; without it names are not compared.
    start : callable, optional
        Tries init; without it only the edges are checked of what ``enable`` does.
    probe : callable, optional
        Tries the nodes; without it nothing is said of single properties that are not simulated.

    Examples
    --------
    >>> from kapnb.model import STREAM, ValueType
    >>> info = InfoResponse(STREAM, STREAM, {"limit": (ValueType.DOUBLE,)})
    >>> check = check_script("stream|from()@high().limit(3)", {"high": info})
    >>> str(check.define)
    'line 1 char 22: unexpected arg to limit, got INT expected DOUBLE'
    >>> [lint.remedy for lint in check.lints if lint.code == "KT102"]
    ['write .limit(3.0)']
    """
    udfs = udfs or {}
    infos = {
        name: udf if isinstance(udf, InfoResponse) else udf().info() for name, udf in udfs.items()
    }
    try:
        program = parse(script)
    except TickError as error:
        return ScriptCheck(define=error)
    task, define, enable = None, None, None
    try:
        task = evaluate(program, infos, variables=variables, edge=edge)
    except TickError as error:
        define = error
    hindrances: list[TickError] = []
    if task is not None:
        hindrances = probe(task) if probe else []
        enable = _enabled(task, infos, hindrances, start)
    unchecked = _unchecked(task, hindrances) if task else []
    found = [
        error
        for error in hindrances
        if not isinstance(error, NotSimulatedError) and _bare(error) != str(enable)
    ]
    lints = lint(Subject(program, udfs, infos, task, schema, found))
    return ScriptCheck(define, enable, task, unchecked, lints)


def _refuses(error: TickError) -> bool:
    """Tell whether Kapacitor would not start with it; rather than kapnb, or once data comes."""
    return not isinstance(error, NotSimulatedError | LateError)


def _bare(error: TickError) -> str:
    """Return the text without the place, which Kapacitor does not name once a task is defined."""
    return str(error).removeprefix(f"line {error.line} char {error.column}: ")


def _enabled(
    task: Task,
    infos: Mapping[str, InfoResponse],
    hindrances: list[TickError],
    start: Start | None,
) -> TickError | None:
    """Return what keeps a defined task from running."""
    try:
        check_edges(task)
    except TickError as error:
        return error
    for hindrance in filter(_refuses, hindrances):
        return TickError(_bare(hindrance), hindrance.line, hindrance.column)
    for node in task.walk() if start else ():
        if node.is_udf:
            assert start is not None
            text = start(node, received_options(node, infos[node.kind]))
            if text:
                return TickError(f"{node.id}: {text}", *node.position)
    return None


def _unchecked(task: Task, hindrances: list[TickError]) -> list[Remark]:
    names = {  # one call may create several nodes
        node.position: task.called(node)
        for node in task.nodes[1:]
        if not node.is_udf and CATALOGUE[node.kind].runs is None
    }
    found = [
        Remark(position, f"|{name} is known, but not simulated") for position, name in names.items()
    ]
    for error in hindrances:
        if isinstance(error, NotSimulatedError):
            position = error_position(error) or Position(1, 1)
            found.append(Remark(position, str(error).removeprefix(f"{position}: ")))
    return sorted([*task.unchecked, *found], key=lambda remark: remark.position)
