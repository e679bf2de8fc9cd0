"""`stress`: a matrix of faults tried on one Handler."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kapnb._progress import track
from kapnb.faults._bench import Bench
from kapnb.faults._compare import looks
from kapnb.faults._fault import Fault
from kapnb.faults._order import Duplicates, EmptyBatches, Late, Missing, OutOfOrder
from kapnb.faults._process import open_case, play
from kapnb.faults._report import StressReport
from kapnb.faults._sessions import CutBatch, GroupsApart, Kill, SlowHandler
from kapnb.faults._times import ClockJump, Gap
from kapnb.faults._trials import try_fault
from kapnb.faults._values import AbsentFields, NewField, NotANumber, TypeFlips
from kapnb.faults._wire import MapOrder
from kapnb.model import Duration

__all__ = ["all_faults", "stress"]


def all_faults() -> list[Fault]:
    """Return one of each fault, as `stress` tries them if it is told of none.

    Examples
    --------
    >>> from kapnb.faults import all_faults
    >>> [fault.name for fault in all_faults()][:4]
    ['out of order', 'duplicates', 'late', 'missing points']
    """
    return [
        OutOfOrder(),
        Duplicates(),
        Late(),
        Missing(),
        AbsentFields(),
        NewField(),
        TypeFlips(),
        TypeFlips(to="string"),
        NotANumber(),
        EmptyBatches(),
        MapOrder(),
        Gap(),
        ClockJump(),
        ClockJump(by=-Duration.parse("1h")),
        Kill(),
        Kill(after=5),
        CutBatch(),
        GroupsApart(),
        SlowHandler(),
    ]


def stress(
    handler: Any,
    data: Any,
    *,
    faults: Iterable[Fault] | None = None,
    seed: int = 0,
    shared_state: bool = False,
    options: Mapping[str, Any] | None = None,
    group_by: str | Sequence[str] | None = None,
    by_measurement: bool = False,
    time: str | None = None,
    tags: Sequence[str] = (),
    name: str | None = None,
    env: Mapping[str, str] | None = None,
) -> StressReport:
    """Try faults of production on a Handler, and report which of them it does not bear.

    Parameters
    ----------
    handler, data, options, group_by, by_measurement, time, tags, name, env
        As `kapnb.simulate` takes them.
    faults : iterable of Fault, optional
        What to try; ``a | b`` for two at once. By default one of each in `kapnb.faults`.
    seed : int, default: 0
        Where chance begins: the same seed gives the same report.
    shared_state : bool, default: False
        Whether the Handler shares state between groups on purpose. It is assumed of one that
        has `group_cap` or `group_idle`.

    Returns
    -------
    StressReport
        A verdict for each fault, and the smallest input that shows a mistake.

    Raises
    ------
    KapnbError
        If the Handler fails, or is refused, without any fault.

    Notes
    -----
    A verdict is about these data and this seed. ``fails``: the Handler raised. ``unexpected``:
    answers changed though (1) the fault changes nothing a Handler may look at (order of map
    entries, position among the fields, a restart from a snapshot just taken), or (2) the group
    got the very same items so far. ``changes``: others changed, as those of a moving average
    do when a point is missing; whether that is right, only you can say.

    A run is repeated without any fault first. If the two differ, only failures are judged.

    Examples
    --------
    >>> class Rate(Handler):
    ...     def group_state(self):
    ...         return {"time": 0, "x": 0.0}
    ...
    ...     def point(self, point, state):
    ...         slope = (point.fields["x"] - state["x"]) / (point.time - state["time"])
    ...         state.update(time=point.time, x=point.fields["x"])
    ...         yield point.with_fields(slope=slope)
    >>> from kapnb.faults import Duplicates, Missing
    >>> points = [Point({"x": float(n * n)}, time=n, name="m") for n in range(1, 40)]
    >>> report = stress(Rate, points, faults=[Missing(), Duplicates()])
    >>> [(finding.fault, finding.verdict) for finding in report.findings]
    [('missing points', 'changes'), ('duplicates', 'fails')]
    >>> len(report["duplicates"].minimal)
    2
    """
    settings = {"group_by": group_by, "by_measurement": by_measurement, "time": time}
    case, simulation = open_case(
        handler, data, options=options, tags=tags, name=name, env=env, **settings
    )
    expires = case.handler.group_cap is not None or case.handler.group_idle is not None
    try:
        clean = play(case, simulation.inputs)
        again = play(case, simulation.inputs)
        repeatable = looks(clean.outputs) == looks(again.outputs)
        bench = Bench(case, clean, seed, shared_state or expires, repeatable)
        chosen = all_faults() if faults is None else list(faults)
        named = track(chosen, f"stress {case.name}", unit="faults")
        findings = [try_fault(bench, fault) for fault in named]
    finally:
        case.hidden.reset()
    note = "" if repeatable else _NOT_REPEATABLE
    return StressReport(case.name, len(clean.inputs), seed, findings, note)


_NOT_REPEATABLE = (
    "two runs without a fault differ (random numbers, a clock, background threads), so answers "
    "cannot be compared; only failures are judged"
)
