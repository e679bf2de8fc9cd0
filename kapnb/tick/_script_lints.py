"""Lints on a script as it stands: options of UDFs, nodes that cannot do what is meant.

One function each, named in the table of `_lints`; those that need data are in `_data_lints`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from kapnb.errors import LateError, NotSimulatedError, TickError
from kapnb.model import BATCH, ValueType
from kapnb.tick._ast import (
    Call,
    Chain,
    Dbrp,
    Expression,
    Float,
    Integer,
    Position,
    Reference,
    String,
    Unary,
)
from kapnb.tick._catalogue import CATALOGUE, Signature, canonical
from kapnb.tick._edges import mismatched_edges, provided
from kapnb.tick._lambdas import Lambda
from kapnb.tick._render import render
from kapnb.tick._subject import Found, Subject, error_position, lambdas_of

__all__ = [
    "arguments_in_call",
    "double_quoted",
    "edges",
    "expressions",
    "hindered",
    "int_for_double",
    "missing",
    "mqtt_topic",
    "no_dbrp",
    "not_given",
    "repeated",
    "shadowed",
    "silent_alert",
    "unused",
]

_SHADOWED = ("quiet", "options", "uDFName")
_LEVELS = ("info", "warn", "crit")
_FLOWS = {"stream": "points", "batch": "batches", "noedge": "nothing"}


# --------------------------------------------------------------------------------- UDFs


def not_given(subject: Subject) -> Iterator[Found]:
    for use in subject.uses():
        name = use.call.name
        if name not in subject.udfs:
            known = ", ".join(f"@{other}" for other in subject.udfs) or "none"
            yield (
                use.call.position,
                f"no Handler was given for @{name} (given: {known})",
                f"give one: --udf {name}=TARGET, or udfs={{'{name}': …}}",
            )


def int_for_double(subject: Subject) -> Iterator[Found]:
    for use in subject.uses():
        info = subject.infos.get(use.call.name)
        for call in use.options:
            types = info.options.get(call.name, ()) if info else ()
            doubles = [kind is ValueType.DOUBLE for kind in types]
            yield from _ints(subject, call, doubles, ".", "DOUBLE")
    for links in subject.links:
        kind = ""
        for link in links:
            if isinstance(link.call, Call):
                signature = _signature(kind, link)
                wanted = signature.parameters if signature else ()
                doubles = [name == "float64" for name in wanted]
                yield from _ints(subject, link.call, doubles, link.operator, "float")
            if link.operator != ".":
                kind = canonical(link.call.name) if link.operator == "|" else ""


def _signature(kind: str, link: Chain) -> Signature | None:
    name = canonical(link.call.name)
    if link.operator == "|":
        return CATALOGUE[name].takes if name in CATALOGUE else None
    row = CATALOGUE.get(kind) if link.operator == "." else None
    return row.object.properties.get(name) if row else None


def _ints(
    subject: Subject, call: Call, doubles: list[bool], operator: str, wanted: str
) -> Iterator[Found]:
    """Yield a call that gives whole numbers where numbers with a dot are wanted."""
    fixed = list(call.arguments)
    for index, (argument, double) in enumerate(zip(call.arguments, doubles, strict=False)):
        if double:
            fixed[index] = _with_dot(subject.meant(argument)) or argument
    if fixed == list(call.arguments):
        return
    better = Call(call.name, tuple(dataclasses.replace(item, comment=None) for item in fixed))
    yield (
        call.position,
        f"{operator}{render(dataclasses.replace(call, comment=None))} gives an int where "
        f"{call.name} takes a {wanted}; Kapacitor never converts",
        f"write {operator}{render(better)}",
    )


def _with_dot(tree: Expression) -> Expression | None:
    """Return a whole number as a float, or None if it is none."""
    if isinstance(tree, Integer):
        return Float(float(tree.value))
    if isinstance(tree, Unary) and tree.operator == "-":
        inner = _with_dot(tree.operand)
        return Unary("-", inner) if inner else None
    return None


def double_quoted(subject: Subject) -> Iterator[Found]:
    for links in subject.links:
        for link in links:
            for argument in getattr(link.call, "arguments", ()):
                value = subject.meant(argument)
                if isinstance(value, Reference):
                    yield (
                        argument.position,
                        f'"{value.name}" names a field; a string stands in single quotes',
                        f"write {render(String(value.name))}",
                    )


def arguments_in_call(subject: Subject) -> Iterator[Found]:
    for use in subject.uses():
        if use.call.arguments:
            name = use.call.name
            yield (
                use.call.position,
                f"Kapacitor ignores the arguments of @{name}(…) in silence",
                f"give them as options: @{name}().option(…)",
            )


def repeated(subject: Subject) -> Iterator[Found]:
    for use in subject.uses():
        handler = subject.declared(use.call.name)
        many = {
            option.name
            for option in (handler.handler_shape.options.values() if handler else ())
            if option.many
        }
        seen: set[str] = set()
        for call in use.options:
            if call.name in seen and call.name not in many:
                yield (
                    call.position,
                    f"option {call.name} is given again: Kapacitor sends both, in this order",
                    "give it once, or declare it with many=True",
                )
            seen.add(call.name)


def shadowed(subject: Subject) -> Iterator[Found]:
    for use in subject.uses():
        info = subject.infos.get(use.call.name)
        for call in use.options:
            if info and call.name in info.options and call.name in _SHADOWED:
                yield (
                    call.position,
                    f"option {call.name} hides the property of that name of Kapacitor's node",
                    "give the option another name",
                )


def missing(subject: Subject) -> Iterator[Found]:
    for use in subject.uses():
        handler = subject.declared(use.call.name)
        given = {call.name for call in use.options}
        for option in handler.handler_shape.options.values() if handler else ():
            if option.required and option.name not in given:
                kinds = ", ".join(kind.name for kind in option.types)
                yield (
                    use.call.position,
                    f"@{use.call.name} needs the option {option.name} ({kinds}), which is missing",
                    f"add .{option.name}(…)",
                )


def no_dbrp(subject: Subject) -> Iterator[Found]:
    if not any(isinstance(statement, Dbrp) for statement in subject.program.statements):
        yield (
            Position(1, 1),
            "no dbrp statement: the script alone does not say which data the task gets",
            'begin with dbrp "DATABASE"."RETENTION POLICY", or define it with -dbrp',
        )


# -------------------------------------------------------------------------------- nodes


def edges(subject: Subject) -> Iterator[Found]:
    for parent, child in mismatched_edges(subject.task) if subject.task else ():
        given, wants_batch = provided(parent), child.wants is BATCH
        between = "|window()" if wants_batch else "an aggregate or |trickle()"
        yield (
            child.position,
            f"{child.kind} wants {'batches' if wants_batch else 'points'}, "
            f"but {parent.id} gives it {_FLOWS[given]}",
            f"hang it on the parent of {parent.id}"
            if given == "noedge"
            else f"put {between} before it",
        )


def silent_alert(subject: Subject) -> Iterator[Found]:
    for node in subject.nodes("alert"):
        if not any(node.uses(level) for level in _LEVELS):
            yield (
                node.position,
                "this alert has no level, so it never fires",
                "give it .crit(lambda: …), .warn(lambda: …) or .info(lambda: …)",
            )


def mqtt_topic(subject: Subject) -> Iterator[Found]:
    for node in subject.nodes("alert"):
        topic: Any = None
        for used in node.properties:
            if used.name == "mqtt":
                topic = used.arguments[0]
            elif used.name == "topic" and used.handler == "mqtt":
                yield (
                    used.position,
                    f".mqtt({topic!r}) takes the topic, not a broker; this .topic overwrites it",
                    f"write .mqtt({used.arguments[0]!r}), with .brokerName({topic!r}) "
                    "if that is a broker's name",
                )


def expressions(subject: Subject) -> Iterator[Found]:
    for node in subject.task.nodes if subject.task else ():
        for tree in lambdas_of(node):
            try:
                Lambda(tree)
            except NotSimulatedError:
                continue  # it may well be right
            except TickError as error:
                yield (
                    error_position(error) or tree.position,
                    f"this expression has no value for any point: {error}",
                    "Kapacitor starts with it, and logs an error for each point; mend the call"
                    if isinstance(error, LateError)
                    else "Kapacitor refuses it when the task starts; convert with int(), "
                    "float() or string()",
                )


def hindered(subject: Subject) -> Iterator[Found]:
    told = {found[0] for found in expressions(subject)}
    for error in subject.hindrances:
        position = error_position(error) or Position(1, 1)
        if position not in told:
            late = isinstance(error, LateError)
            when = "ends the task at the first event" if late else "refuses it when the task starts"
            yield position, str(error), f"Kapacitor {when}"


def unused(subject: Subject) -> Iterator[Found]:
    used = {use.call.name for use in subject.uses()}
    for name in subject.udfs:
        if name not in used:
            yield (
                Position(1, 1),
                f"the script does not use @{name}",
                f"the script's name of the UDF must be that of the configuration: @{name}()",
            )
