"""`lint`: what looks wrong in how a Handler behaved, though nothing failed.

The rules look at a finished Simulation; a few let the Handler run once more on the same input, to
watch its state, its time, or what the order of map entries does to it. The rules are in
`_lint_rules`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from kapnb.faults._lint_rules import OUTPUT_RULES, REPLAY_RULES, Lint, Pair, Subject
from kapnb.faults._measure import case_of, restored
from kapnb.faults._report import pre
from kapnb.simulation import Simulation

__all__ = ["Lint", "Lints", "glance", "lint"]


class Lints(list[Lint]):
    """What `lint` found: a list of Lint that reads well."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "nothing looks wrong"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return pre(str(self))


def lint(
    simulation: Simulation,
    *,
    rate: float | None = None,
    timeout: float = 10.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Lints:
    """Say what looks wrong in how a Handler behaved.

    Parameters
    ----------
    simulation : Simulation
        A finished run.
    rate : float, optional
        Points, or batches, a second that the task will get; with it the time that the Handler
        takes is judged.
    timeout : float, default: 10.0
        Seconds, as in ``[udf.functions.NAME] timeout``.
    clock : callable, default: time.perf_counter
        Seconds.

    Returns
    -------
    Lints
        A list of `Lint`, empty if nothing looks wrong.

    Notes
    -----
    ==================== =====================================================================
    code                 what is seen
    ==================== =====================================================================
    group-lost           an output lacks a dimension of its input
    tags-lost            an output lacks a tag of its input
    type-changed         a field of a measurement has another type than before; InfluxDB refuses
    untagged-points      points of a batch that has tags go out without; influxDBOut writes
                         them so
    time-unit            all times lie in January 1970: counts of seconds, ms or µs, probably
    time-order           times of a series go back again and again: the data are not sorted
    text-number          a field is text because of cells such as n/a between its numbers
    state-grows          what is kept of one group, or on the object, grows all the time
    map-order            answers depend on the order of map entries
    deadline             the Handler is too slow for `rate`, or for the keepalive
    ==================== =====================================================================

    The last three run the Handler again, on the simulation's inputs. The time is that of this
    process: encoding and decoding are in it, Kapacitor is not.

    Examples
    --------
    >>> class Bare(Handler):
    ...     def point(self, point):
    ...         yield Point({"x": point.fields["x"]}, tags={}, dimensions=())
    >>> run = simulate(Bare, [Point({"x": 1.0}, time=0, tags={"host": "a"})], group_by="host")
    >>> [found.code for found in lint(run)]
    ['group-lost', 'tags-lost']
    """
    case = case_of(simulation)
    subject = Subject(simulation, case, restored(simulation), rate, timeout, clock)
    try:
        found = [*_of_outputs(simulation.pairs)]
        found += [each for rule in REPLAY_RULES for each in rule(subject)]
        return Lints(found)
    finally:
        case.hidden.reset()


def glance(simulation: Simulation, *, most: int = 2000) -> Lints:
    """Say what looks wrong in the answers to the first inputs; nothing is run.

    Parameters
    ----------
    simulation : Simulation
        A run; it may have ended early.
    most : int, default: 2000
        How many inputs are looked at.

    Returns
    -------
    Lints
        Those of `lint` that show in what went in and out: group-lost, tags-lost,
        type-changed, untagged-points, time-unit, time-order, text-number.

    Examples
    --------
    >>> class Bare(Handler):
    ...     def point(self, point):
    ...         yield Point({"x": point.fields["x"]}, tags={}, dimensions=())
    >>> run = simulate(Bare, [Point({"x": 1.0}, time=0, tags={"host": "a"})])
    >>> [found.code for found in glance(run)]
    ['tags-lost']
    """
    pairs = list(islice(simulation.pairs(), most))
    return Lints(_of_outputs(lambda: pairs))


def _of_outputs(pairs: Callable[[], Iterable[Pair]]) -> Iterator[Lint]:
    for rule in OUTPUT_RULES:
        yield from rule(pairs())
