"""Completion of names that only the data and the Handlers know.

Inside a string: fields and tags after ``.fields["``, ``.tags["``, ``group_by="`` and the like,
options within ``options={"``, columns after ``run.frame["``. Options as arguments of ``sweep``. In
a cell of ``%%tick``: UDFs after ``@``, their options after a dot. Decided here is what fits before
a cursor; IPython is asked nothing, and told by `_shell`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from keyword import iskeyword
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
_OPTIONS = re.compile(r"\b(?:options|grid)\s*=\s*\{(?:[^{}]*,)?" + _OPEN)
_SWEEP = re.compile(r"\bsweep\(\s*(\w+)\s*,")
_COLUMNS = re.compile(
    r"\b(?P<run>\w+)\.(?P<side>|input_|dropped_|pair_)frame\[\s*(?:\[(?:[^\]]*,)?)?" + _OPEN
)
_RUN = re.compile(r"\b(?:simulate|Simulation|stress|check_resume|sweep)\(\s*(\w+)\s*,")
_UDF = re.compile(r"@(?P<part>\w*)$")
_UDF_OPTION = re.compile(r"@(\w+)\(\)[^|@]*\.(?P<part>\w*)$")
#: Inputs, and outputs, of a run that are looked at; more where its columns are meant.
_SAMPLE, _COLUMNS_SAMPLE = 64, 1000


class Completion(NamedTuple):
    """What may stand at the cursor.

    Attributes
    ----------
    part : str
        What of it stands there already.
    names : list of str
        All that begin so.
    alone : bool, default: True
        Whether nothing but these may stand there.
    """

    part: str
    names: list[str]
    alone: bool = True


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
    if found := _COLUMNS.search(before):
        run = namespace.get(found["run"])
        return _matching(found["part"], _run_columns(run, found["side"])) if _is_run(run) else None
    for pattern, kind in _IN_STRINGS:
        if found := pattern.search(before):
            return _matching(found["part"], _NAMES[kind](namespace))
    return _in_sweep(before, namespace)


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


def _in_sweep(before: str, namespace: Mapping[str, Any]) -> Completion | None:
    """Offer options where an argument of a sweep begins, beside whatever else may begin there."""
    *_, call = [None, *_SWEEP.finditer(before)]
    handler = _handlers(namespace).get(call[1]) if call else None
    if call is None or handler is None:
        return None
    arguments, part = _split_word(before[call.end() :])
    if not _begins_argument(arguments):
        return None
    given = re.findall(r"\b(\w+)\s*=", arguments)
    names = (option.name for option in handler.handler_shape.options.values())
    free = (f"{name}=" for name in names if name not in given and _is_parameter(name))
    return _matching(part, free)._replace(alone=False)


def _split_word(text: str) -> tuple[str, str]:
    """Return a text without the word at its end, and that word."""
    word = re.search(r"\w*$", text)
    start = word.start() if word else len(text)
    return text[:start], text[start:]


def _begins_argument(text: str) -> bool:
    """Tell whether the arguments of a call, so far, end behind a comma of the call's own."""
    depth, quote = 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return False
    return not quote and depth == 0 and text.rstrip().endswith(",")


def _is_parameter(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)


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


def _is_run(value: Any) -> bool:
    return hasattr(value, "outputs") and hasattr(value, "input_frame")


def _run_columns(run: Any, side: str) -> Iterator[str]:
    """Yield the columns of a run's DataFrame, which is not made for that: it may be large."""
    given = list(_item_columns(islice(run.inputs, _COLUMNS_SAMPLE)))
    sent = list(_item_columns(output.item for output in islice(run.outputs, _COLUMNS_SAMPLE)))
    yield "input"
    if side == "pair_":
        yield from given
        yield "time_out"
        yield from (f"{name}_out" if name in given else name for name in sent)
    else:
        yield from given if side else sent


def _item_columns(items: Iterable[Point | Batch]) -> Iterator[str]:
    members = [
        point for item in items for point in (item.points if isinstance(item, Batch) else (item,))
    ]
    yield from dict.fromkeys(name for point in members for name in point.tags)
    yield from dict.fromkeys(name for point in members for name in point.fields)


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
