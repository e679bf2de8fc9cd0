"""The table of lints: what Kapacitor accepts in silence, or refuses in words that hide the cause.

A lint is a function of a `Subject` that yields places, what is wrong there and what to do; a row
here gives it a code, and `docs/tickscript.md` a line. Nothing here refuses a script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kapnb.tick import _data_lints as data
from kapnb.tick import _script_lints as script
from kapnb.tick._subject import Found, Lint, Subject

__all__ = ["RULES", "Rule", "lint"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: a code, what the lint is about, and what finds it."""

    code: str
    title: str
    check: Callable[[Subject], Iterator[Found]]


RULES = (
    Rule("KT101", "UDF that was not given", script.not_given),
    Rule("KT102", "int for double", script.int_for_double),
    Rule("KT103", "double-quoted argument", script.double_quoted),
    Rule("KT104", "arguments in the call of a UDF", script.arguments_in_call),
    Rule("KT105", "repeated option", script.repeated),
    Rule("KT106", "option that shadows a property", script.shadowed),
    Rule("KT107", "missing required option", script.missing),
    Rule("KT108", "missing dbrp", script.no_dbrp),
    Rule("KT109", "edge mismatch", script.edges),
    Rule("KT110", "alert that can never fire", script.silent_alert),
    Rule("KT111", "topic or broker of mqtt", script.mqtt_topic),
    Rule("KT112", "expression without a value", script.expressions),
    Rule("KT113", "UDF that the script does not use", script.unused),
    Rule("KT114", "node that cannot start", script.hindered),
    Rule("KT201", "measurement that the data does not have", data.absent_measurement),
    Rule("KT202", "field or tag that the data does not have", data.absent_name),
    Rule("KT203", "dimension that the data does not have", data.absent_dimension),
    Rule("KT204", "field in an option that the data does not have", data.absent_field_of_option),
)


def lint(subject: Subject) -> list[Lint]:
    """Return all that the table finds, in the order of the script."""
    found = [Lint(row.code, *item) for row in RULES for item in row.check(subject)]
    return sorted(found, key=lambda item: (item.position, item.code))
