"""Options as Kapacitor checks them: no conversion, its own words.

Python values stand for TICKscript literals: bool, int, float, str, Duration (or timedelta).
A tuple gives several arguments, a list repeats the option, True names a flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from kapnb.errors import OptionError
from kapnb.model import Duration, InfoResponse, OptionValue, ReceivedOption, ValueType

__all__ = ["check_options", "named", "parse_option", "parse_options"]

_TYPES: tuple[tuple[type, ValueType], ...] = (
    (bool, ValueType.BOOL),  # before int, whose subclass it is
    (Duration, ValueType.DURATION),
    (int, ValueType.INT),
    (float, ValueType.DOUBLE),
    (str, ValueType.STRING),
)


def named(options: Any) -> dict[str, Any]:
    """Return options as a dict of their own.

    Raises
    ------
    OptionError
        If they are no mapping.
    """
    if options is not None and not isinstance(options, Mapping):
        kind = type(options).__name__
        raise OptionError(f"options are a dict, as {{'size': 20}}, not a {kind}: {options!r:.60}")
    return dict(options or {})


def check_options(options: Mapping[str, Any], info: InfoResponse) -> tuple[ReceivedOption, ...]:
    """Return the options as Kapacitor sends them at init.

    Raises
    ------
    OptionError
        In the words of ``kapacitor define``, for what it refuses.
    """
    received: list[ReceivedOption] = []
    for name, value in options.items():
        if name not in info.options:
            known = ", ".join(sorted(info.options)) or "none"
            raise OptionError(
                f'no method or property "{name}" on *pipeline.UDFNode (options: {known})'
            )
        types = info.options[name]
        if not types and value is False:
            continue
        uses = value if isinstance(value, list) else [value]
        received.extend(_one_use(name, use, types) for use in uses)
    return tuple(received)


def _one_use(name: str, value: Any, types: tuple[ValueType, ...]) -> ReceivedOption:
    if isinstance(value, tuple):
        arguments = value
    else:
        arguments = () if not types and value is True else (value,)
    if len(arguments) != len(types):
        raise OptionError(
            f"unexpected number of args to {name}, got {len(arguments)} expected {len(types)}"
        )
    values = tuple(_literal(name, argument) for argument in arguments)
    for item, expected in zip(values, types, strict=True):
        if item.type is not expected:
            raise OptionError(
                f"unexpected arg to {name}, got {item.type.name} expected {expected.name}"
                + _hint(item, expected)
            )
    return ReceivedOption(name, values)


def _hint(item: OptionValue, expected: ValueType) -> str:
    if item.type is ValueType.INT and expected is ValueType.DOUBLE:
        return f" (write {item.value}.0)"
    if expected is ValueType.DURATION:
        return ' (write Duration.parse("10s"))'
    return ""


def _literal(name: str, value: Any) -> OptionValue:
    if isinstance(value, timedelta):
        value = Duration((value.days * 86_400 + value.seconds) * 10**9 + value.microseconds * 1000)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # a NumPy scalar
    for kind, value_type in _TYPES:
        if isinstance(value, kind):
            literal: Any = int(value) if isinstance(value, Duration) else value
            return OptionValue(value_type, literal)
    raise OptionError(
        f"option {name!r}: {type(value).__name__} {value!r} is no bool, int, float, str or Duration"
    )


def parse_option(name: str, text: str, info: InfoResponse) -> Any:
    """Return the value of ``NAME=VALUE`` on a command line.

    The declared type decides how the text is read; several arguments are separated by commas.

    Raises
    ------
    OptionError
        If the text is no literal of that type.
    """
    types = info.options.get(name)
    if types is None:
        return text  # check_options refuses it by name
    if not types:
        return _parse_one(name, text or "TRUE", ValueType.BOOL)
    if len(types) == 1:
        return _parse_one(name, text, types[0])
    parts = text.split(",")
    if len(parts) != len(types):
        raise OptionError(
            f"unexpected number of args to {name}, got {len(parts)} expected {len(types)}"
        )
    return tuple(_parse_one(name, part, kind) for part, kind in zip(parts, types, strict=True))


def parse_options(pairs: Iterable[str], info: InfoResponse) -> dict[str, Any]:
    """Return the options of a command line, each ``NAME=VALUE``; a repeated one is a list.

    Raises
    ------
    OptionError
        If a text is no literal of the declared type.
    """
    options: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        value = parse_option(name, text, info)
        if name in options:
            earlier = options[name]
            value = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        options[name] = value
    return options


def _parse_one(name: str, text: str, kind: ValueType) -> Any:
    if kind is ValueType.STRING:
        return text
    if kind is ValueType.BOOL and text in ("TRUE", "FALSE", "true", "false"):
        return text.upper() == "TRUE"
    try:
        if kind is ValueType.DURATION:
            return Duration.parse(text)
        if kind is ValueType.INT:
            return int(text)
        if kind is ValueType.DOUBLE:
            # As in TICKscript, a number without a dot is an INT; check_options says so.
            return float(text) if "." in text else int(text)
    except ValueError:
        pass
    raise OptionError(f"option {name!r} expects {kind.name}; {text!r} is none")
