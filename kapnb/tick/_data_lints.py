"""Lints that compare a script with its data: measurements, fields and tags that are not there.

What flows is followed from each ``from`` downwards, as far as it is known: behind a UDF, a join
or a query nobody can tell which fields a point has, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kapnb.tick._ast import Position
from kapnb.tick._graph import TaskNode
from kapnb.tick._lambdas import references
from kapnb.tick._schema import Measurement
from kapnb.tick._subject import Found, Subject, lambdas_of

__all__ = [
    "absent_dimension",
    "absent_field_of_option",
    "absent_measurement",
    "absent_name",
]

_TIME = "time"  # every point has one
_NAMING = ("field", "fields")  # options that are usually called so


def absent_measurement(subject: Subject) -> Iterator[Found]:
    for node in _sources(subject):
        name = node.last("measurement")
        if isinstance(name, str) and name and name not in (subject.schema or {}):
            used = node.uses("measurement")[-1]
            yield (
                used.position,
                f"the data has no measurement {name!r}: this node gets nothing, in silence",
                f"one of: {_list(subject.schema or ())}",
            )


def absent_name(subject: Subject) -> Iterator[Found]:
    for node, flow in _flows(subject):
        # What an eval computes is known to its later expressions.
        own = {str(name) for used in node.uses("as") for name in used.arguments}
        known = flow.fields | flow.tags | own | {_TIME}
        for tree in lambdas_of(node):
            for reference in references(tree.body):
                if reference.name not in known:
                    yield _absent(reference.position, reference.name, flow.fields | flow.tags)
        field = node.arguments[0] if node.kind in _OF_A_FIELD else None
        if isinstance(field, str) and field not in flow.fields:
            yield _absent(node.position, field, flow.fields)


def absent_dimension(subject: Subject) -> Iterator[Found]:
    for node, flow in _flows(subject):
        groupings = [(used.position, used.arguments) for used in node.uses("groupBy")]
        if node.kind == "groupBy":
            groupings.append((node.position, node.arguments))
        for position, dimensions in groupings:
            for name in dimensions:
                if isinstance(name, str) and name not in flow.tags:
                    why = " (it is a field)" if name in flow.fields else ""
                    yield (
                        position,
                        f"no point has the tag {name!r}{why}: all fall into one group",
                        f"group by one of: {_list(flow.tags)}",
                    )


def absent_field_of_option(subject: Subject) -> Iterator[Found]:
    for node, flow in _flows(subject):
        for udf in (child for child in node.children if child.is_udf):
            after = _after(node, flow)
            for used in udf.properties:
                wanted = used.arguments[0] if used.arguments else None
                if used.name in _NAMING and isinstance(wanted, str) and wanted not in after.fields:
                    yield (
                        used.position,
                        f"no point has the field {wanted!r} here, if that is what "
                        f".{used.name} names",
                        f"one of: {_list(after.fields)}",
                    )


def _absent(position: Position, name: str, known: frozenset[str]) -> Found:
    return (
        position,
        f"no point has {name!r} here: it would be an error for each of them",
        f"one of: {_list(known)}",
    )


def _list(names: Any) -> str:
    return ", ".join(sorted(names)) or "none at all"


def _sources(subject: Subject) -> Iterator[TaskNode]:
    """Yield the nodes that select points, if there is data to compare with."""
    for node in subject.task.nodes if subject.task and subject.schema is not None else ():
        if node.kind == "from" and not node.is_udf:
            yield node


def _flows(subject: Subject) -> Iterator[tuple[TaskNode, Measurement]]:
    """Yield each node with what its points have, where that is known and not nothing."""
    for source in _sources(subject):
        selected = _selected(subject, source)
        if selected is None:
            continue
        yield source, selected
        waiting = [(child, selected) for child in source.children]
        while waiting:
            node, flow = waiting.pop()
            if node.is_udf or node.kind not in _CHANGES or node.kind == "from":
                continue
            yield node, flow
            waiting += [(child, _after(node, flow)) for child in node.children]


def _after(node: TaskNode, flow: Measurement) -> Measurement:
    return _CHANGES[node.kind](node, flow)


def _selected(subject: Subject, source: TaskNode) -> Measurement | None:
    schema = subject.schema or {}
    name = source.last("measurement")
    if name:
        return schema.get(name)
    empty = Measurement(frozenset(), frozenset())
    for measurement in schema.values():
        empty |= measurement
    return empty if schema else None


# ----------------------------------------------------------- what nodes do to the names

_Change = Callable[[TaskNode, Measurement], Measurement]


def _same(node: TaskNode, flow: Measurement) -> Measurement:
    return flow


def _given(node: TaskNode, *names: str) -> frozenset[str]:
    """Return the first arguments of uses of some properties."""
    uses = [used for name in names for used in node.uses(name)]
    return frozenset(str(used.arguments[0]) for used in uses if used.arguments)


def _eval(node: TaskNode, flow: Measurement) -> Measurement:
    names = [str(name) for used in node.uses("as") for name in used.arguments]
    tags = {str(name) for used in node.uses("tags") for name in used.arguments}
    kept = node.uses("keep")
    fields = frozenset(names) - tags
    if kept:
        listed = frozenset(str(name) for name in kept[-1].arguments)
        fields = listed or flow.fields | fields
    return Measurement(fields, flow.tags | tags)


def _default(node: TaskNode, flow: Measurement) -> Measurement:
    return Measurement(flow.fields | _given(node, "field"), flow.tags | _given(node, "tag"))


def _delete(node: TaskNode, flow: Measurement) -> Measurement:
    return Measurement(flow.fields - _given(node, "field"), flow.tags - _given(node, "tag"))


def _alert(node: TaskNode, flow: Measurement) -> Measurement:
    fields = _given(node, "levelField", "messageField", "durationField", "idField")
    return Measurement(flow.fields | fields, flow.tags | _given(node, "levelTag", "idTag"))


def _computed(node: TaskNode, flow: Measurement) -> Measurement:
    """Return what a function of InfluxQL leaves: its result; a selector also the point's own."""
    result = frozenset((str(node.last("as", node.kind)),))
    return Measurement(flow.fields | result if node.kind in _SELECTORS else result, flow.tags)


def _counted(node: TaskNode, flow: Measurement) -> Measurement:
    default = "state_count" if node.kind == "stateCount" else "state_duration"
    return Measurement(flow.fields | {str(node.last("as", default))}, flow.tags)


def _derivative(node: TaskNode, flow: Measurement) -> Measurement:
    return Measurement(flow.fields | {str(node.last("as", node.arguments[0]))}, flow.tags)


_SELECTORS = ("first", "last", "min", "max", "percentile")
_AGGREGATES = ("count", "mean", "median", "mode", "spread", "sum", "stddev", "distinct")
_TRANSFORMATIONS = ("elapsed", "difference", "cumulativeSum", "movingAverage")
_OF_A_FIELD = {*_SELECTORS, *_AGGREGATES, *_TRANSFORMATIONS, "derivative"}

#: What each kind of node makes of the names; behind others nothing is known.
_CHANGES: dict[str, _Change] = {
    **dict.fromkeys(
        ("where", "groupBy", "window", "log", "httpOut", "httpPost", "influxDBOut"), _same
    ),
    **dict.fromkeys(("sample", "shift", "barrier", "trickle", "changeDetect"), _same),
    **dict.fromkeys((*_SELECTORS, *_AGGREGATES, *_TRANSFORMATIONS), _computed),
    "stateCount": _counted,
    "stateDuration": _counted,
    "alert": _alert,
    "default": _default,
    "delete": _delete,
    "derivative": _derivative,
    "eval": _eval,
    "from": _same,
}
