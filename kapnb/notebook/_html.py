"""A Simulation as HTML: what ran, how much came of it, and what went wrong.

Plain strings from the standard library: neither pandas nor matplotlib. The same run gives
the same text, because notebook tests compare it; so no times of day, no ids. Colours are
inherited, so that it reads on a light page and on a dark one.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from kapnb.handler import Handler
from kapnb.model import Batch, Point, format_time

if TYPE_CHECKING:
    from kapnb.simulation import Simulation

__all__ = ["simulation_html"]

_GROUPS_MAX = 10
_ROWS_MAX = 5
_COLUMNS_MAX = 8
_WARNINGS_MAX = 10
_TEXT_MAX = 60
_FAINT = "opacity:.7"
_MARKED = "border-left:3px solid #d55e00;padding-left:.6em;margin:.4em 0"


def simulation_html(simulation: Simulation) -> str:
    """Return a Simulation as an HTML fragment.

    Parameters
    ----------
    simulation : Simulation
        A run; it may have ended early, or not have begun.

    Returns
    -------
    str
        Handler and edges, options, counts by group, the first outputs, warnings, error.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> run = simulate(Handler, [Point({"x": 1.5}, time=0, name="m")])
    >>> "<b>Handler</b>" in simulation_html(run)
    True
    """
    parts = (
        _head(simulation),
        _error(simulation),
        _warnings(simulation.warnings),
        _counts(simulation),
        _first_rows(simulation),
    )
    return "<div>" + "".join(parts) + "</div>"


def _head(simulation: Simulation) -> str:
    handler = simulation.handler
    edges = f"{handler.wants.name} → {handler.provides.name}"
    options = ", ".join(_options(handler, simulation.options))
    doc = (handler.__doc__ or "").strip() if handler is not Handler else ""
    lines = [f"<b>{_text(handler.__name__)}</b> <span style='{_FAINT}'>{edges}</span>"]
    lines += [_text(doc.splitlines()[0])] if doc else []
    lines += [f"<span style='{_FAINT}'>options</span> {options}"] if options else []
    return "<div>" + "<br>".join(lines) + "</div>"


def _options(handler: type[Handler], given: Mapping[str, Any]) -> Iterator[str]:
    """Yield ``name=value`` of what was given, then, fainter, the defaults."""
    for name, value in given.items():
        yield f"<code>{_text(name)}={_text(repr(value))}</code>"
    for attribute, option in handler.handler_shape.options.items():
        if not option.required and option.name not in given and attribute not in given:
            default = f"{_text(option.name)}={_text(repr(option.default))}"
            yield f"<code style='{_FAINT}'>{default}</code>"


def _error(simulation: Simulation) -> str:
    error = simulation.error
    if error is None:
        return ""
    # A message may be long; it is what the reader came for, so it is never cut.
    text = f"{type(error).__name__}: {error}"
    return f"<div style='{_MARKED}'><b>ended early</b> {html.escape(text)}</div>"


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    items = "".join(f"<li>{html.escape(text)}</li>" for text in warnings[:_WARNINGS_MAX])
    rest = _rest(len(warnings) - _WARNINGS_MAX, "warning")
    return f"<div style='{_MARKED}'><b>warnings</b><ul>{items}</ul>{rest}</div>"


def _counts(simulation: Simulation) -> str:
    """Count by the group of the input: what came, what was sent for it, what gave nothing."""
    answers = [0] * len(simulation.inputs)
    unasked = 0
    for output in simulation.outputs:
        if output.input >= 0:
            answers[output.input] += 1
        else:
            unasked += 1
    counts: dict[str, list[int]] = {}
    for item, answered in zip(simulation.inputs, answers, strict=True):
        count = counts.setdefault(item.group, [0, 0, 0])
        count[0] += 1
        count[1] += answered
        count[2] += not answered
    total = [sum(column) for column in zip(*counts.values(), strict=True)] or [0, 0, 0]
    total[1] += unasked
    rows: list[Sequence[Any]] = []
    if len(counts) > 1:
        rows = [(group or "(no group)", *counts[group]) for group in islice(counts, _GROUPS_MAX)]
    rows.append(("all groups" if rows else "", *total))
    noun = "batches" if any(isinstance(item, Batch) for item in simulation.inputs) else "points"
    head = ("group" if len(counts) > 1 else noun, "in", "out", "in without out")
    return _table(head, rows) + _rest(len(counts) - _GROUPS_MAX, "group")


def _first_rows(simulation: Simulation) -> str:
    outputs = simulation.outputs
    points = list(islice(_points(output.item for output in outputs), _ROWS_MAX))
    if not points:
        return f"<div style='{_FAINT}'>no output</div>"
    columns = list(dict.fromkeys(key for _, row in points for key in row))
    shown = columns[:_COLUMNS_MAX]
    rows = [
        (format_time(time), *(_value(row.get(key, "")) for key in shown)) for time, row in points
    ]
    title = f"<div style='{_FAINT}'>the first points that went out</div>"
    rest = _rest(len(columns) - len(shown), "column")
    return title + _table(("time", *shown), rows) + rest


def _points(items: Iterable[Point | Batch]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield time, and group tags and fields, of each point; fields win a clash of names."""
    for item in items:
        tags = {name: item.tags.get(name, "") for name in item.dimensions}
        for point in item.points if isinstance(item, Batch) else (item,):
            yield point.time, {**tags, **point.fields}


def _value(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    top = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _rest(count: int, noun: str) -> str:
    if count <= 0:
        return ""
    plural = "" if count == 1 else "s"
    return f"<div style='{_FAINT}'>and {count} more {noun}{plural}</div>"


def _text(text: str) -> str:
    """Escape, on one line and not too long."""
    line = " ".join(text.split())
    return html.escape(line if len(line) <= _TEXT_MAX else f"{line[: _TEXT_MAX - 1]}…")
