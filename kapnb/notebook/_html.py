"""A Simulation as HTML: what ran, how much came of it, what gave nothing, and what looks wrong.

Neither pandas nor matplotlib; `_html_parts` says what holds for all our HTML.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from kapnb.handler import Handler
from kapnb.model import Batch, Point, format_time
from kapnb.notebook._definition import Problem, check_definition
from kapnb.notebook._html_parts import (
    FAINT,
    MARKED,
    and_more,
    faint,
    listed,
    shown,
    table,
    text,
    uncut,
)
from kapnb.simulation._joined import count_by_group

if TYPE_CHECKING:
    from kapnb.faults import Lints
    from kapnb.simulation import Simulation

__all__ = ["simulation_html"]

_GROUPS_MAX = 10
_ROWS_MAX = 5
_DROPPED_MAX = 3
_COLUMNS_MAX = 8
_WARNINGS_MAX = 10
#: Inputs whose answers are looked at for what seems wrong: a display must not take its time.
_GLANCED_MAX = 2000


def simulation_html(simulation: Simulation, *, lints: Lints | None = None) -> str:
    """Return a Simulation as an HTML fragment.

    Parameters
    ----------
    simulation : Simulation
        A run; it may have ended early, or not have begun.
    lints : Lints, optional
        What `kapnb.lint` found; by default what shows in the answers to the first 2,000 inputs.

    Returns
    -------
    str
        Handler and edges, options, counts by group, what gave nothing, the first outputs,
        what looks wrong (lints, and what cannot be meant in the Handler's source), warnings,
        error.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> run = simulate(Handler, [Point({"x": 1.5}, time=0, name="m")])
    >>> "<b>Handler</b>" in simulation_html(run)
    True
    """
    if lints is None:
        from kapnb.faults import glance

        lints = glance(simulation, most=_GLANCED_MAX)
    parts = (
        _head(simulation),
        _error(simulation),
        listed("warnings", simulation.warnings, _WARNINGS_MAX, "warning"),
        _looks_wrong(check_definition(simulation.handler), lints),
        _counts(simulation),
        _first_rows(simulation),
        _dropped(simulation),
    )
    return "<div>" + "".join(parts) + "</div>"


def _head(simulation: Simulation) -> str:
    handler = simulation.handler
    edges = f"{handler.wants.name} → {handler.provides.name}"
    options = ", ".join(_options(handler, simulation.options))
    doc = (handler.__doc__ or "").strip() if handler is not Handler else ""
    lines = [f"<b>{text(handler.__name__)}</b> <span style='{FAINT}'>{edges}</span>"]
    lines += [uncut(doc.partition("\n\n")[0])] if doc else []
    lines += [f"<span style='{FAINT}'>options</span> {options}"] if options else []
    return "<div>" + "<br>".join(lines) + "</div>"


def _options(handler: type[Handler], given: Mapping[str, Any]) -> Iterator[str]:
    """Yield ``name=value`` of what was given, then, fainter, the defaults."""
    for name, value in given.items():
        yield f"<code>{text(name)}={text(repr(value))}</code>"
    for attribute, option in handler.handler_shape.options.items():
        if not option.required and option.name not in given and attribute not in given:
            default = f"{text(option.name)}={text(repr(option.default))}"
            yield f"<code style='{FAINT}'>{default}</code>"


def _error(simulation: Simulation) -> str:
    error = simulation.error
    if error is None:
        return ""
    # A message may be long; it is what the reader came for, so it is never cut.
    told = f"{type(error).__name__}: {error}"
    return f"<div style='{MARKED}'><b>ended early</b> {html.escape(told)}</div>"


def _looks_wrong(problems: Sequence[Problem], lints: Lints) -> str:
    if not problems and not lints:
        return ""
    items = "".join(f"<li>{html.escape(str(problem))}</li>" for problem in problems)
    items += "".join(
        f"<li><code>{found.code}</code> {html.escape(found.text)}"
        f"<br><span style='{FAINT}'>{html.escape(found.remedy)}</span></li>"
        for found in lints
    )
    return f"<div style='{MARKED}'><b>looks wrong</b><ul>{items}</ul></div>"


# ---------------------------------------------------------------------------- counts


def _counts(simulation: Simulation) -> str:
    counts, unasked = count_by_group(simulation)
    total = [sum(column) for column in zip(*(row[1:] for row in counts), strict=True)] or [0, 0, 0]
    total[1] += unasked
    rows: list[Sequence[Any]] = []
    if len(counts) > 1:
        rows = [(group or "(no group)", *count) for group, *count in counts[:_GROUPS_MAX]]
    rows.append(("all groups" if rows else "", *total))
    noun = "batches" if any(isinstance(item, Batch) for item in simulation.inputs) else "points"
    of = f"{noun} " if noun == "batches" else ""  # and out may go points
    head = ("group" if len(counts) > 1 else noun, f"{of}in", "out", "in without out")
    return (
        table(head, rows)
        + and_more(len(counts) - _GROUPS_MAX, "group")
        + (faint(text(f"with {_points_of(simulation)}", 200)) if of else "")
    )


def _points_of(simulation: Simulation) -> str:
    """Say how many points the batches held: that is what a Handler of batches changes."""
    outputs = [output.item for output in simulation.outputs]
    came, went = (
        sum(len(item) if isinstance(item, Batch) else 1 for item in items)
        for items in (simulation.inputs, outputs)
    )
    return f"{came} point{'' if came == 1 else 's'} in, {went} out"


# ------------------------------------------------------------------------------ rows


def _first_rows(simulation: Simulation) -> str:
    outputs = simulation.outputs
    points = list(islice(_points(output.item for output in outputs), _ROWS_MAX))
    if not points:
        return faint("no output")
    return faint("the first points that went out") + _points_table(points)


def _dropped(simulation: Simulation) -> str:
    """Show the first inputs that gave nothing, where some gave something."""
    if not simulation.outputs:
        return ""
    answered = {output.input for output in simulation.outputs}
    places = (place for place in range(len(simulation.inputs)) if place not in answered)
    dropped = [simulation.inputs[place] for place in islice(places, _DROPPED_MAX)]
    if not dropped:
        return ""
    if isinstance(dropped[0], Batch):
        names = ", ".join(f"<code>{text(repr(item))}</code>" for item in dropped)
        return faint("the first batches that gave nothing: " + names)
    return faint("the first points that gave nothing") + _points_table(list(_points(dropped)))


def _points_table(points: Sequence[tuple[int, dict[str, Any]]]) -> str:
    columns = list(dict.fromkeys(key for _, row in points for key in row))
    chosen = columns[:_COLUMNS_MAX]
    rows = [
        (format_time(time), *(shown(row.get(key, "")) for key in chosen)) for time, row in points
    ]
    return table(("time", *chosen), rows) + and_more(len(columns) - len(chosen), "column")


def _points(items: Iterable[Point | Batch]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield time, and group tags and fields, of each point; fields win a clash of names."""
    for item in items:
        tags = {name: item.tags.get(name, "") for name in item.dimensions}
        for point in item.points if isinstance(item, Batch) else (item,):
            yield point.time, {**tags, **point.fields}
