"""Setting up the run of a task: script, Handlers, data, snapshots; `simulate` calls it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kapnb._progress import Progress
from kapnb.errors import SourceError, TargetError
from kapnb.handler import Handler
from kapnb.simulation._environment import environment
from kapnb.simulation._feeds import Feed
from kapnb.simulation._passage import native
from kapnb.simulation._recorder import record
from kapnb.simulation._task import TaskRun
from kapnb.sources import Typing
from kapnb.tick import udf_names

__all__ = ["read_script", "simulate_task"]


def read_script(tick: str | os.PathLike[str]) -> tuple[str, str]:
    """Return a script's text, and the id of its task: the file's stem.

    Parameters
    ----------
    tick : str or path
        A path, a str that ends in ``.tick``, or the text itself.

    Raises
    ------
    TargetError
        If the file cannot be read.
    """
    is_path = isinstance(tick, os.PathLike) or (tick.endswith(".tick") and "\n" not in tick)
    if not is_path:
        return str(tick), "task"
    path = Path(tick)
    try:
        return path.read_text(encoding="utf-8"), path.stem
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: the script cannot be read: {error}") from error


def simulate_task(
    handler: type[Handler] | Mapping[str, type[Handler]],
    data: Any,
    tick: str | os.PathLike[str],
    *,
    variables: Mapping[str, Any] | None = None,
    database: str | None = None,
    retention_policy: str | None = None,
    time: str | None = None,
    tags: Sequence[str] = (),
    name: str | None = None,
    env: Mapping[str, str] | None = None,
    typing: Typing = "written",
    snapshot: bytes | Mapping[str, bytes] | None = None,
    progress: bool = True,
) -> TaskRun:
    """Run a script; `simulate` documents the parameters. The error is kept in the TaskRun."""
    script, task_id = read_script(tick)
    run = TaskRun(script, task_id, _by_name(handler, script))
    with environment(env or {}):
        run.define(variables)
        feed = Feed(run.task, data, time, tags, name, database, retention_policy, typing)
        run.build()
        for view in run.udfs.values():
            view.env = dict(env or {})
        run.play(
            feed, _snapshots(snapshot, run), Progress(task_id, feed.size) if progress else None
        )
    if not run.interrupted:
        for view in run.udfs.values():
            record(view)
    return run


def _by_name(
    handler: type[Handler] | Mapping[str, type[Handler]], script: str
) -> dict[str, type[Handler]]:
    """Return a Handler for each UDF: a single one is that of the only, or the matching, UDF."""
    if isinstance(handler, Mapping):
        return {name: native(one) for name, one in handler.items()}
    own, used = native(handler), udf_names(script)
    if len(used) == 1:
        return {used[0]: own}
    matching = [name for name in used if _plain(name) == _plain(own.__name__)]
    if len(matching) == 1:
        return {matching[0]: own}
    if not used:
        raise TargetError("the script uses no UDF, so no Handler can be given; give {} for none")
    raise TargetError(
        f"the script uses {', '.join(f'@{name}' for name in used)}; "
        "say which is which: simulate({'name': Handler, …}, …)"
    )


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _snapshots(snapshot: bytes | Mapping[str, bytes] | None, run: TaskRun) -> Mapping[str, bytes]:
    if snapshot is None:
        return {}
    if isinstance(snapshot, Mapping):
        return snapshot
    if len(run.udfs) != 1:
        raise SourceError("several UDFs need snapshots by name: snapshot={'name': bytes, …}")
    return dict.fromkeys(run.udfs, snapshot)
