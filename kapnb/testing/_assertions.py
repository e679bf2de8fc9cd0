"""Assertions on what a simulation gave; each failure says where and what.

They raise AssertionError, so they work in any test framework.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

from kapnb.errors import MissingExtra
from kapnb.model import Batch, Point
from kapnb.simulation import Simulation, Transcript

__all__ = ["assert_frame", "assert_outputs", "assert_transcript"]

Item = Point | Batch


def assert_outputs(simulation: Simulation, expected: Iterable[Item], *, rel: float = 0.0) -> None:
    """Assert that exactly these Points or Batches went out, in this order.

    Parameters
    ----------
    simulation : Simulation
        A run.
    expected : iterable of Point or of Batch
        What is left out of one is not compared: a Point without tags goes with any tags.
        Fields are compared all, and an int is no double.
    rel : float, default: 0.0
        Relative tolerance of doubles.

    Raises
    ------
    AssertionError
        That names the first output that differs, and how.

    Examples
    --------
    >>> from kapnb import Handler, simulate
    >>> run = simulate(Handler, [Point({"x": 1.5}, time=0, name="m")])
    >>> assert_outputs(run, [Point({"x": 1.5})])
    >>> assert_outputs(run, [Point({"x": 2.5})])
    Traceback (most recent call last):
    AssertionError: output 0, for input 0: field 'x' is 1.5 where 2.5 was expected
      expected: Point((time inherited) x=2.5)
      found:    Point(m 1970-01-01T00:00:00Z x=1.5)
    """
    wanted, outputs = list(expected), simulation.outputs
    for index, (one, output) in enumerate(zip(wanted, outputs, strict=False)):
        found = _difference(one, output.item, rel)
        if found:
            raise AssertionError(
                f"output {index}, for input {output.input}: {found}\n"
                f"  expected: {one!r}\n  found:    {output.item!r}"
            )
    if len(wanted) == len(outputs):
        return
    rest: Sequence[Any] = wanted[len(outputs) :] or [one.item for one in outputs[len(wanted) :]]
    which = "missing" if len(wanted) > len(outputs) else "more"
    raise AssertionError(
        f"{len(outputs)} outputs where {len(wanted)} were expected; the first {which}: {rest[0]!r}"
    )


def _difference(expected: Item, found: Item, rel: float) -> str:
    if isinstance(expected, Batch) or isinstance(found, Batch):
        return _difference_of_batches(expected, found, rel)
    for name, value in (
        ("time", expected.time if expected.has_time else None),
        ("name", expected.name or None),
        ("tags", dict(expected.tags) or None),
        ("dimensions", expected.dimensions or None),
    ):
        held = getattr(found, name)
        held = dict(held) if name == "tags" else held
        if value is not None and held != value:
            return f"{name} is {held!r} where {value!r} was expected"
    return _difference_of_fields(dict(expected.fields), dict(found.fields), rel)


def _difference_of_batches(expected: Item, found: Item, rel: float) -> str:
    if not (isinstance(expected, Batch) and isinstance(found, Batch)):
        return f"a {_kind(found)} where a {_kind(expected)} was expected"
    for name, value in (
        ("name", expected.name_or_none),
        ("tags", dict(expected.tags) or None),
        ("tmax", expected.tmax_or_none),
    ):
        held = dict(found.tags) if name == "tags" else getattr(found, name)
        if value is not None and held != value:
            return f"{name} is {held!r} where {value!r} was expected"
    for index, (one, other) in enumerate(zip(expected.points, found.points, strict=False)):
        difference = _difference(one, other, rel)
        if difference:
            return f"point {index} of the batch: {difference}"
    if len(expected) != len(found):
        return f"{len(found)} points where {len(expected)} were expected"
    return ""


def _kind(item: Item) -> str:
    return "Batch" if isinstance(item, Batch) else "Point"


def _difference_of_fields(expected: dict[str, Any], found: dict[str, Any], rel: float) -> str:
    for name, value in expected.items():
        if name not in found:
            return f"there is no field {name!r} where {value!r} was expected"
        if not _same(value, found[name], rel):
            return f"field {name!r} is {found[name]!r} where {value!r} was expected"
    more = [name for name in found if name not in expected]
    return f"there is a field {more[0]!r} that was not expected" if more else ""


def _same(expected: Any, found: Any, rel: float) -> bool:
    if type(expected) is not type(found):
        return False
    if isinstance(expected, float):
        if math.isnan(expected) or math.isnan(found):
            return math.isnan(expected) and math.isnan(found)
        return math.isclose(expected, found, rel_tol=rel)
    return bool(expected == found)


def assert_frame(simulation: Simulation, expected: Any, *, rel: float = 0.0) -> None:
    """Assert that the outputs, as a DataFrame, have these columns with these values.

    Parameters
    ----------
    simulation : Simulation
        A run.
    expected : DataFrame
        One row an output point; other columns of the outputs are not compared.
    rel : float, default: 0.0
        Relative tolerance of doubles.

    Raises
    ------
    AssertionError
        That names the first column that differs.
    MissingExtra
        If pandas is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> class Mirror(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(twice=2 * point.fields["x"])
    >>> run = simulate(Mirror, [Point({"x": 1.0}, time=0), Point({"x": 2.5}, time=1)])
    >>> assert_frame(run, pd.DataFrame({"twice": [2.0, 5.0]}))
    """
    try:
        from pandas.testing import assert_frame_equal
    except ImportError as error:
        raise MissingExtra("notebook", "assert_frame", "pandas") from error
    frame = simulation.frame
    missing = [name for name in expected.columns if name not in frame.columns]
    if missing:
        there = ", ".join(map(str, frame.columns))
        raise AssertionError(f"no output has {missing[0]!r}; the columns are {there}")
    found = frame[list(expected.columns)].reset_index(drop=True)
    assert_frame_equal(
        found, expected.reset_index(drop=True), rtol=rel, atol=0.0, check_exact=not rel
    )


def assert_transcript(
    simulation: Simulation | Transcript, expected: Transcript | str | os.PathLike[str]
) -> None:
    """Assert that the responses are those of another transcript.

    Parameters
    ----------
    simulation : Simulation or Transcript
        A run.
    expected : Transcript or path
        Another, or a file that `Transcript.save` wrote.

    Raises
    ------
    AssertionError
        That shows the first response that differs.

    Examples
    --------
    >>> class Mirror(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(twice=2 * point.fields["x"])
    >>> points = [Point({"x": 1.0}, time=0)]
    >>> assert_transcript(simulate(Mirror, points), simulate(Mirror, points).transcript)
    """
    found = simulation if isinstance(simulation, Transcript) else simulation.transcript
    wanted = expected if isinstance(expected, Transcript) else Transcript.load(expected)
    difference = wanted.difference(found.responses)
    if difference is not None:
        raise AssertionError(str(difference))
