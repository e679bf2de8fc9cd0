"""The run of a task as HTML: the way of the data, alerts, what each sink got, warnings.

`_html_parts` says what holds for all our HTML.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from kapnb.model import Batch, format_time
from kapnb.notebook._html_parts import FAINT, MARKED, and_more, faint, listed, shown, table, text
from kapnb.tick.nodes import Alert, Logged, Record, Served, Written

if TYPE_CHECKING:
    from kapnb.simulation import TaskRun

__all__ = ["task_html"]

_ALERTS_MAX = 10
_WARNINGS_MAX = 10
_ROWS_MAX = 3


def task_html(run: TaskRun) -> str:
    """Return the run of a task as an HTML fragment.

    Parameters
    ----------
    run : TaskRun

    Returns
    -------
    str
        Nodes with what went through UDFs and into sinks, alerts, first records, warnings, error.

    Examples
    --------
    >>> from kapnb import Point, simulate
    >>> run = simulate({}, [Point({"x": 1.5}, time=0, name="m")], tick="stream|from()|log()")
    >>> "<b>log2</b>" in task_html(run)
    True
    """
    parts = (
        _error(run),
        listed("warnings", run.warnings, _WARNINGS_MAX, "warning"),
        _path(run),
        _alerts(run.alerts),
        _records(run),
    )
    return "<div>" + "".join(parts) + "</div>"


def _error(run: TaskRun) -> str:
    if run.error is None:
        return ""
    told = f"{type(run.error).__name__}: {run.error}"
    return f"<div style='{MARKED}'><b>ended early</b> {html.escape(told)}</div>"


def _path(run: TaskRun) -> str:
    rows: list[Sequence[Any]] = [(run.task.source.id, run.points, "")]
    sinks = run.sinks
    for node in run.task.nodes:
        if node.id in run.udfs:
            view = run.udfs[node.id]
            rows.append((f"@{node.id}", len(view.inputs), len(view.outputs)))
        elif node.id in sinks:
            rows.append((node.id, "", len(sinks[node.id])))
    return table(("node", "in", "out"), rows)


def _alerts(alerts: Sequence[Alert]) -> str:
    if not alerts:
        return ""
    # A message is what the reader came for, so it is never cut.
    items = "".join(
        f"<li>{format_time(alert.time)} <b>{alert.level}</b> {html.escape(alert.message)}</li>"
        for alert in islice(alerts, _ALERTS_MAX)
    )
    return f"{faint('alerts')}<ul>{items}</ul>{and_more(len(alerts) - _ALERTS_MAX, 'alert')}"


def _records(run: TaskRun) -> str:
    parts = []
    for sink, kept in run.sinks.items():
        records = [record for record in kept if not isinstance(record, Alert)]
        if not records and kept:
            continue
        rows = [_row(record) for record in islice(records, _ROWS_MAX)]
        body = table(("time", "what"), rows) if rows else f"<span style='{FAINT}'>nothing</span>"
        rest = and_more(len(records) - _ROWS_MAX, "record")
        parts.append(f"<div><b>{text(sink)}</b> {body}{rest}</div>")
    return "".join(parts)


def _row(record: Record) -> tuple[str, str]:
    if isinstance(record, Written):
        point = record.point
        return format_time(point.time), _parts(point.name, point.tags, point.fields)
    if isinstance(record, Logged):
        item = record.item
        if isinstance(item, Batch):
            return format_time(item.tmax), f"{item.name} {item.group}: {len(item)} points"
        return format_time(item.time), _parts(item.name, item.tags, item.fields)
    assert isinstance(record, Served)
    last = record.values[-1] if record.values else ()
    row = dict(zip(record.columns[1:], last[1:], strict=True))
    return (format_time(last[0]) if last else ""), _parts(record.name, record.tags, row)


def _parts(name: str, tags: Any, fields: Any) -> str:
    pairs = [f"{key}={value}" for key, value in tags.items()]
    pairs += [f"{key}={shown(value)}" for key, value in fields.items()]
    return " ".join((name, *pairs))
