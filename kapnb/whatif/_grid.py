"""The combinations of a sweep: which options take which values, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from kapnb.errors import OptionError
from kapnb.handler import Handler
from kapnb.model import InfoResponse
from kapnb.simulation import check_options

__all__ = ["combinations", "read_grid"]


def read_grid(
    keywords: Mapping[str, Any], grid: Mapping[str, Any] | None, fixed: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """Return the values of each option that varies.

    Parameters
    ----------
    keywords : mapping of str to iterable
        Options given as keyword arguments.
    grid : mapping of str to iterable, optional
        Options given by name, for those that are called as a parameter is.
    fixed : mapping
        Options that do not vary.

    Raises
    ------
    OptionError
        If an option has no list of values, an empty one, one with a value twice, or is given
        in two places.

    Examples
    --------
    >>> read_grid({"size": (5, 10)}, {"name": ["a"]}, {})
    {'size': [5, 10], 'name': ['a']}
    """
    values: dict[str, list[Any]] = {}
    for name, given in (*keywords.items(), *(grid or {}).items()):
        if name in values:
            raise OptionError(f"option {name!r} is a keyword and in grid; give it once")
        if name in fixed:
            raise OptionError(f"option {name!r} is in options and varies; give it once")
        values[name] = _values(name, given)
    return values


def _values(name: str, given: Any) -> list[Any]:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise OptionError(
            f"{name}={given!r} is one value; what varies is a list, as in {name}=[…], "
            f"and what does not is in options={{{name!r}: {given!r}}}"
        )
    values = [_plain(value) for value in given]
    if not values:
        raise OptionError(f"option {name!r}: the list is empty, so there is nothing to run")
    for place, value in enumerate(values):
        # 1, 1.0 and True are different options.
        if any(type(value) is type(other) and value == other for other in values[:place]):
            raise OptionError(f"option {name!r}: {value!r} is there twice")
    return values


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as the Python value it is."""
    return value.item() if getattr(value, "shape", None) == () else value


def combinations(
    handler: type[Handler],
    info: InfoResponse,
    values: Mapping[str, list[Any]],
    fixed: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return all combinations of the values; the last option varies fastest.

    Raises
    ------
    OptionError
        If Kapacitor would refuse any of the options, or a required one is missing.
    """
    check_options(fixed, info)
    for name, given in values.items():
        for place, value in enumerate(given):
            try:
                check_options({name: value}, info)
            except OptionError as error:
                raise OptionError(f"{name}[{place}] = {value!r}: {error}") from None
    declared = handler.handler_shape.options.values()
    missing = [
        option.name
        for option in declared
        if option.required and option.name not in values and option.name not in fixed
    ]
    if missing:
        names = ", ".join(map(repr, missing))
        raise OptionError(f"missing required option {names}: fix it with options={{…}}")
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
