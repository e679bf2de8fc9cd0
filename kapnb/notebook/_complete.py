"""Completion of names that only the data and the Handlers know.

Inside a string: fields and tags after ``.fields["``, ``.tags["``, ``group_by="`` and the like,
options within ``options={"``. In a cell of ``%%tick``: UDFs after ``@``, their options after a
dot. Decided here is what fits before a cursor; IPython is asked nothing, and told by `_shell`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from kapnb.handler import Handler
from kapnb.model import Batch, Point
from kapnb.simulation import last_run
from kapnb.tick import udf_name

__all__ = ["Completion", "complete"]

_OPEN = r"""\s*(?P<quote>["'])(?P<part>[^"'\n]*)$"""
#: Text before a cursor → which names fit.
_IN_STRINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\.fields(?:\.get\(|\.pop\(|\[)" + _OPEN), "fields"),
    (re.compile(r"\.tags(?:\.get\(|\.pop\(|\[)" + _OPEN), "tags"),
    (re.compile(r"\b(?:group_by|tags)\s*=\s*(?:\[(?:[^\]]*,)?)?" + _OPEN), "tags"),
    (re.compile(r"\b(?:fields|live)\s*=\s*(?:\[(?:[^\]]*,)?)?" + _OPEN), "fields"),
    (re.compile(r"\bgroups\s*=\s*(?:\[(?:[^\]]*,)?)?" + _OPEN), "groups"),
)
_OPTIONS = re.compile(r"\boptions\s*=\s*\{(?:[^{}]*,)?" + _OPEN)
_RUN = re.compile(r"\b(?:simulate|Simulation|stress|check_resume|sweep)\(\s*(\w+)\s*,")
_UDF = re.compile(r"@(?P<part>\w*)$")
_UDF_OPTION = re.compile(r"@(\w+)\(\)[^|@]*\.(?P<part>\w*)$")
#: Inputs, and outputs, of a run that are looked at.
_SAMPLE = 64


class Completion(NamedTuple):
    """What may stand at the cursor.

    Attributes
    ----------
    part : str
        What of it stands there already.
    names : list of str
        All that begin so.
    """

    part: str
    names: list[str]


def complete(before: str, namespace: Mapping[str, Any]) -> Completion | None:
    r"""Return what fits at a cursor, or None if that is no matter of ours.

    Parameters
    ----------
    before : str
        The cell up to the cursor.
    namespace : mapping
        The notebook's names.

    Examples
    --------
    >>> class Mean(Handler):
    ...     size = Option(int, default=10)
    ...     field = Option(str)
    >>> complete('simulate(Mean, data, options={"', {"Mean": Mean}).names
    ['size', 'field']
    >>> complete('%%tick\nstream|from()@me', {"Mean": Mean}).names
    ['mean']
    """
    if before.startswith("%%tick"):
        return _in_script(before, namespace)
    if found := _OPTIONS.search(before):
        return _matching(found["part"], _option_names(before[: found.start()], namespace))
    for pattern, kind in _IN_STRINGS:
        if found := pattern.search(before):
            return _matching(found["part"], _NAMES[kind](namespace))
    return None


def _matching(part: str, names: Iterable[str]) -> Completion:
    return Completion(part, [name for name in dict.fromkeys(names) if name.startswith(part)])


# ---------------------------------------------------------------------------- Handlers


def _handlers(namespace: Mapping[str, Any]) -> dict[str, type[Handler]]:
    return {
        name: value
        for name, value in namespace.items()
        if isinstance(value, type) and issubclass(value, Handler) and value is not Handler
    }


def _option_names(before: str, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options of the Handler that is run here; of all if it is not known."""
    handlers = _handlers(namespace)
    named = [name for name in _RUN.findall(before) if name in handlers]
    for name in named[-1:] or handlers:
        for option in handlers[name].handler_shape.options.values():
            yield option.name


def _in_script(before: str, namespace: Mapping[str, Any]) -> Completion | None:
    handlers = {udf_name(handler): handler for handler in _handlers(namespace).values()}
    if found := _UDF.search(before):
        return _matching(found["part"], handlers)
    found = _UDF_OPTION.search(before)
    if found is None or found[1] not in handlers:
        return None
    options = handlers[found[1]].handler_shape.options.values()
    return _matching(found["part"], (option.name for option in options))


# -------------------------------------------------------------------------------- data


def _items(namespace: Mapping[str, Any]) -> Iterator[Point | Batch]:
    """Yield some of what the last run was given, and of what it sent."""
    run: Any = last_run()
    views = list(run.udfs.values()) if hasattr(run, "udfs") else [run]
    for view in views:
        if view is not None:
            yield from islice(view.inputs, _SAMPLE)
            yield from (output.item for output in islice(view.outputs, _SAMPLE))
    for value in namespace.values():
        if isinstance(value, (Point, Batch)):
            yield value
        elif isinstance(value, list) and value and isinstance(value[0], (Point, Batch)):
            yield from (item for item in value[:_SAMPLE] if isinstance(item, (Point, Batch)))


def _points(namespace: Mapping[str, Any]) -> Iterator[Point]:
    for item in _items(namespace):
        yield from item.points if isinstance(item, Batch) else (item,)


def _columns(namespace: Mapping[str, Any], *, tags: bool = False) -> Iterator[str]:
    """Yield the columns of the notebook's DataFrames: any may be a field; a tag, if no float."""
    for value in namespace.values():
        if type(value).__name__ == "DataFrame" and hasattr(value, "columns"):
            for name, dtype in value.dtypes.items():
                if isinstance(name, str) and not (tags and getattr(dtype, "kind", "") == "f"):
                    yield name


def _field_names(namespace: Mapping[str, Any]) -> Iterator[str]:
    for point in _points(namespace):
        yield from point.fields
    yield from _columns(namespace)


def _tag_names(namespace: Mapping[str, Any]) -> Iterator[str]:
    for item in _items(namespace):
        yield from item.tags
    yield from _columns(namespace, tags=True)


def _groups(namespace: Mapping[str, Any]) -> Iterator[str]:
    for item in _items(namespace):
        if item.group:
            yield item.group


_NAMES: dict[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "fields": _field_names,
    "tags": _tag_names,
    "groups": _groups,
}
