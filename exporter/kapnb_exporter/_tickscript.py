"""The TICKscript around a Handler, from what a notebook fed it and what it answered.

`feed_of` reads a simulation's transcript, `tickscript` writes the text. Nothing here judges it:
that is `kapnb.tick.check_script`, which every text has to pass before it is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from kapnb.model import (
    BATCH,
    BeginBatch,
    Duration,
    EdgeType,
    EndBatch,
    FieldValue,
    InfoResponse,
    InitRequest,
    OptionValue,
    Point,
    ReceivedOption,
    ValueType,
    parse_duration,
)
from kapnb.simulation import Transcript
from kapnb.tick import literal, parse, render
from kapnb.tick._ast import Reference, String

__all__ = ["DATABASE", "RETENTION_POLICY", "Feed", "feed_of", "tickscript"]

#: What Telegraf writes to, for data that names no database.
DATABASE, RETENTION_POLICY = "telegraf", "autogen"
_WHERE = {"database": "database", "measurement": "measurements"}
#: Windows that people choose; the first that holds a batch is taken where nothing else is known.
_SPANS = ("1s", "5s", "10s", "30s", "1m", "5m", "10m", "30m", "1h", "6h", "12h", "1d", "7d")


@dataclass(frozen=True)
class Feed:
    """What a simulation fed a Handler, and what came out.

    Attributes
    ----------
    wants, provides : EdgeType
        The Handler's edges.
    options : tuple of ReceivedOption
        As they were given.
    database, retention_policy : str
        Of the points; empty if the data names none.
    measurements : tuple of str
        In the order of their first point.
    dimensions : tuple of str
        What is grouped by; ``("*",)`` if that differs from point to point.
    by_name : bool
        Whether by measurement, too.
    period, every : int
        The window that makes such batches, in nanoseconds; 0 for a stream.
    added : mapping of str to value
        Fields that only the output has; of numbers the largest.
    """

    wants: EdgeType
    provides: EdgeType
    options: tuple[ReceivedOption, ...] = ()
    database: str = ""
    retention_policy: str = ""
    measurements: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    by_name: bool = False
    period: int = 0
    every: int = 0
    added: Mapping[str, FieldValue] = field(default_factory=dict)


# ---------------------------------------------------------------------------------- reading


def feed_of(info: InfoResponse, transcript: Transcript) -> Feed:
    """Read what was fed to a Handler, and what it added.

    Parameters
    ----------
    info : InfoResponse
        What the Handler declares.
    transcript : Transcript
        One simulation.
    """
    requests = [message for is_request, message in transcript if is_request]
    init = next((m for m in requests if isinstance(m, InitRequest)), InitRequest())
    points = [m for m in requests if isinstance(m, Point)]
    heads = [m for m in requests if isinstance(m, BeginBatch)]
    grouped: list[tuple[str, ...]] = [tuple(sorted(head.tags)) for head in heads]
    if not heads:
        grouped = [point.dimensions for point in points]
    dimensions = grouped[0] if grouped else ()
    if any(other != dimensions for other in grouped):
        dimensions = ("*",)
    period, every = _window(requests) if info.wants is BATCH else (0, 0)
    origin = next((point for point in points if point.database), None)
    return Feed(
        wants=info.wants,
        provides=info.provides,
        options=init.options,
        database=origin.database if origin else "",
        retention_policy=origin.retention_policy if origin else "",
        measurements=tuple(dict.fromkeys(m.name for m in (heads or points) if m.name)),
        dimensions=dimensions,
        by_name=any(message.by_name for message in heads or points),
        period=period,
        every=every,
        added=_added(points, (m for is_request, m in transcript if not is_request)),
    )


def _added(points: Iterable[Point], responses: Iterable[Any]) -> dict[str, FieldValue]:
    known = {name for point in points for name in point.fields}
    added: dict[str, FieldValue] = {}
    for response in responses:
        if not isinstance(response, Point):
            continue
        for name, value in response.fields.items():
            if name in known:
                continue
            known_value = added.setdefault(name, value)
            if _is_number(value) and _is_number(known_value) and value > known_value:  # type: ignore[operator]
                added[name] = value
    return added


def _is_number(value: FieldValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _window(requests: Sequence[Any]) -> tuple[int, int]:
    """Return period and interval of the window that would have made these batches."""
    ends: dict[str, list[int]] = {}
    span, first = 0, None
    for message in requests:
        if isinstance(message, BeginBatch):
            first = None
        elif isinstance(message, Point):
            first = message.time if first is None else min(first, message.time)
        elif isinstance(message, EndBatch):
            ends.setdefault(f"{message.name}\n{message.group}", []).append(message.tmax)
            span = max(span, message.tmax - first if first is not None else 0)
    steps = [b - a for times in ends.values() for a, b in pairwise(times)]
    every = min((step for step in steps if step > 0), default=0)
    every -= every % 1000  # TICKscript knows nothing finer than a microsecond
    if not every:
        period = _round_span(span)
        return period, period
    return -(-max(span, 1) // every) * every, every


def _round_span(span: int) -> int:
    for text in _SPANS:
        if parse_duration(text) >= span:
            return parse_duration(text)
    day = parse_duration("1d")
    return -(-span // day) * day


# ---------------------------------------------------------------------------------- writing


def tickscript(
    name: str,
    feed: Feed,
    *,
    explained: Mapping[str, str] | None = None,
    branches: Sequence[str] = (),
) -> str:
    r"""Write the TICKscript that feeds a UDF as a simulation did.

    Parameters
    ----------
    name : str
        The UDF's, from which the output's measurement derives.
    feed : Feed
        What was simulated.
    explained : mapping of str to str, optional
        What each option that the Handler declares is for: it stands above those that are given,
        and names the others.
    branches : sequence of str, optional
        What else becomes of the results, each beginning with ``|``, such as an alert. Without
        one an alert stands there as a comment.

    Examples
    --------
    >>> from kapnb import STREAM
    >>> feed = Feed(STREAM, STREAM, (), "telegraf", "", ("cpu",), ("host",))
    >>> print(tickscript("mean", feed))
    dbrp "telegraf"."autogen"
    <BLANKLINE>
    var data = stream
        |from()
            .measurement('cpu')
            .groupBy('host')
    <BLANKLINE>
    var results = data
        @mean()
    <BLANKLINE>
    results
        |influxDBOut()
            .database('telegraf')
            .retentionPolicy('autogen')
            .measurement('cpu_mean')
    <BLANKLINE>
    """
    database = feed.database or DATABASE
    policy = feed.retention_policy or RETENTION_POLICY
    parts = [
        *_notes(feed),
        f"dbrp {render(Reference(database))}.{render(Reference(policy))}",
        *_data(feed),
        *_not_given(feed.options, explained or {}),
        f"var results = data@{name}(){_options(feed.options, explained or {})}",
        f"results|influxDBOut().database({_text(database)}).retentionPolicy({_text(policy)})"
        f".measurement({_text(_target(name, feed))})",
        *(f"results{branch}" for branch in branches),
    ]
    text = render(parse("\n".join(parts)))
    hint = "" if branches else _alert_hint(name, feed)
    return text + hint


def _notes(feed: Feed) -> list[str]:
    """Return comments on what the data left open."""
    missing = [what for what in ("database", "measurement") if not getattr(feed, _WHERE[what])]
    return [f"// The notebook's data names no {what}: put yours in." for what in missing]


def _data(feed: Feed) -> list[str]:
    """Return the statements that define ``data``: what the UDF is fed."""
    grouping = ""
    if feed.dimensions:
        names = "*" if feed.dimensions == ("*",) else ", ".join(map(_text, feed.dimensions))
        grouping = f".groupBy({names})"
    if feed.by_name:
        grouping += ".groupByMeasurement()"
    window = ""
    if feed.wants is BATCH:
        window = f"|window().period({Duration(feed.period)}).every({Duration(feed.every)})"
    measurements = feed.measurements or ("measurement",)  # and a comment says so
    selected = [f"stream|from().measurement({_text(name)}){grouping}" for name in measurements]
    if len(selected) == 1:
        return [f"var data = {selected[0]}{window}"]
    parts = [f"var data{number} = {text}" for number, text in enumerate(selected, 1)]
    others = ", ".join(f"data{number}" for number in range(2, len(selected) + 1))
    return [*parts, f"var data = data1|union({others}){window}"]


def _options(options: Iterable[ReceivedOption], explained: Mapping[str, str]) -> str:
    parts: list[str] = []
    for option in options:
        comment = explained.get(option.name, "")
        parts.append(f"\n// {comment}\n" if comment else "")
        explained = {name: text for name, text in explained.items() if name != option.name}
        parts.append(f".{option.name}({', '.join(map(literal, option.values))})")
    return "".join(parts)


def _not_given(options: Iterable[ReceivedOption], explained: Mapping[str, str]) -> list[str]:
    """Return comments on the options that have their defaults."""
    given = {option.name for option in options}
    return [f"// .{name}(): {text}" for name, text in explained.items() if name not in given]


def _target(name: str, feed: Feed) -> str:
    """Return the measurement written to: never one that is read, or the task feeds itself."""
    return f"{feed.measurements[0]}_{name}" if len(feed.measurements) == 1 else f"{name}_results"


def _alert_hint(name: str, feed: Feed) -> str:
    """Return an alert on the first field that the Handler adds, as a comment."""
    # Flags first: an alert is rarely meant for a running mean.
    names = sorted(feed.added, key=lambda each: not isinstance(feed.added[each], bool))
    if not names:
        return ""
    reference, value = render(Reference(names[0])), feed.added[names[0]]
    if isinstance(value, bool):
        condition, why = reference, ""
    elif isinstance(value, str):
        condition, why = f"{reference} != ''", ""
    elif not math.isfinite(value):
        return ""  # no literal says so
    else:
        condition = f"{reference} > {literal(_number(value))}"
        why = "; the limit is the largest value of the simulation"
    message = f"{name}: {names[0]} is {{{{ index .Fields {_quoted(names[0])} }}}}"
    alert = (
        f"results|alert().crit(lambda: {condition}).message({_text(message)})"
        f".stateChangesOnly().log({_text(f'/var/log/kapacitor/{name}.log')})"
    )
    lines = render(parse(alert)).rstrip("\n").split("\n")
    head = f"\n// An alert, if you want one{why}:\n"
    return head + "".join(f"// {line}\n" for line in lines)


def _number(value: float) -> OptionValue:
    kind = ValueType.INT if isinstance(value, int) else ValueType.DOUBLE
    return OptionValue(kind, value)


def _quoted(text: str) -> str:
    """Return a text as Go's templates quote it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(value: str) -> str:
    return render(String(value))
