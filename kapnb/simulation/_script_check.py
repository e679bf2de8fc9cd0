"""The check of a TICKscript with its UDFs started, as far as init.

`kapnb.tick` judges the script and knows no process; here each UDF is asked for its info and
tried with the options that the script gives it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kapnb._progress import track
from kapnb.errors import TickError
from kapnb.handler import Handler
from kapnb.model import EdgeType, InfoResponse, ReceivedOption
from kapnb.simulation._node import UdfNode
from kapnb.simulation._passage import native
from kapnb.simulation._queries import answered
from kapnb.simulation._run_task import read_script
from kapnb.simulation._task import TaskRun, running_class
from kapnb.sources import open_source
from kapnb.tick import CATALOGUE, ScriptCheck, Task, TaskNode, check_script, schema_of

__all__ = ["check_tick"]


def check_tick(
    script: str | os.PathLike[str],
    udfs: Mapping[str, type[Handler]] | None = None,
    *,
    variables: Mapping[str, Any] | None = None,
    edge: EdgeType | None = None,
    data: Any = None,
    tags: Iterable[str] = (),
    name: str | None = None,
) -> ScriptCheck:
    """Judge a script as ``kapacitor define`` and ``enable`` do, init of its UDFs included.

    Parameters
    ----------
    script : str or path
        As for ``simulate(…, tick=…)``: text, or the path of a ``.tick`` file.
    udfs : mapping of str to Handler class, optional
        By the name in the script; one of the official API will do.
    variables : mapping, optional
        Values of variables, by name.
    edge : EdgeType, optional
        STREAM or BATCH; by default what the script starts from.
    data : Source, path or DataFrame, optional
        What the script will get: names that it does not have are then reported.
    tags, name : optional
        Of the columns of a DataFrame or CSV, as for `simulate`.

    Raises
    ------
    HandlerError
        If a UDF gives no info: Kapacitor itself would not start.
    SourceError
        If the data cannot be read.

    Examples
    --------
    >>> class High(Handler):
    ...     limit = Option(float)
    >>> check = check_tick("stream|from()@high()", {"high": High})
    >>> str(check.enable)
    "high2: failed to initialize processes missing required option 'limit'"
    """
    text, _ = read_script(script)
    handlers = {udf: native(handler) for udf, handler in (udfs or {}).items()}
    infos: dict[str, InfoResponse] = {}
    for udf, handler in handlers.items():
        infos[udf] = UdfNode(handler, task_id="task", node_id=udf).ask_info()

    def start(node: TaskNode, options: tuple[ReceivedOption, ...]) -> str:
        udf = UdfNode(handlers[node.kind], task_id="task", node_id=node.id)
        udf.info = infos[node.kind]
        try:
            udf.start(options)
        finally:
            udf.stop()
        return udf.refusal

    def probe(task: Task) -> list[TickError]:
        run = TaskRun(text, "task", handlers)
        run.task = task
        return [error for node in task.walk() for error in _hindrance(node, run)]

    source = None if data is None else open_source(data, tags=tags, name=name)
    schema = None if source is None else schema_of(track(source, "reading", unit="items"))
    return check_script(
        text,
        handlers,
        variables=variables,
        edge=edge,
        schema=schema,
        start=start,
        probe=probe,
    )


def _hindrance(node: TaskNode, run: TaskRun) -> Iterator[TickError]:
    """Yield why a node cannot be made, if it cannot; its kind is judged elsewhere."""
    kind = CATALOGUE.get(node.kind)
    if node.is_udf or kind is None or kind.runs is None:
        return
    try:
        running_class(node, run.task)(node, run)
        if node.kind == "query":
            answered(node, ())
    except TickError as error:
        yield error
