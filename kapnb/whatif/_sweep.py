"""sweep: one Handler on one set of data with every combination of some options."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from kapnb._progress import Progress
from kapnb.errors import OptionError
from kapnb.handler import Handler
from kapnb.simulation import parse_group_by
from kapnb.simulation._environment import environment
from kapnb.simulation._last import remember
from kapnb.simulation._node import UdfNode
from kapnb.simulation._passage import native
from kapnb.simulation._prepared import Prepared
from kapnb.sources import open_source
from kapnb.whatif._grid import combinations, read_grid
from kapnb.whatif._judge import Alert, Judging
from kapnb.whatif._labels import Arranging, labelled, take_labels
from kapnb.whatif._outcome import Outcome, Setting
from kapnb.whatif._result import Sweep
from kapnb.whatif._score import Truth
from kapnb.whatif._trial import Trial
from kapnb.whatif._workers import outcomes, worker_count

if TYPE_CHECKING:
    from kapnb.sources import Typing

__all__ = ["sweep"]

_HINT = "what came until then: kapnb.last_run()"


def sweep(
    handler: type[Handler],
    data: Any,
    *,
    labels: Any = None,
    alert: Alert = None,
    match: Literal["points", "events"] = "points",
    tolerance: int | str = 0,
    options: Mapping[str, Any] | None = None,
    grid: Mapping[str, Any] | None = None,
    workers: int | None = None,
    group_by: str | Sequence[str] | None = None,
    by_measurement: bool = False,
    time: str | None = None,
    tags: Sequence[str] = (),
    name: str | None = None,
    typing: Typing = "written",
    env: Mapping[str, str] | None = None,
    snapshot: bytes | None = None,
    progress: bool = True,
    **varying: Any,
) -> Sweep:
    """Run a Handler on the same data with every combination of some options.

    Parameters
    ----------
    handler : subclass of Handler
        One of the official API will do, too.
    data : DataFrame, path, iterable of Points or of Batches, or Source
        As `simulate` takes it; read once.
    labels : optional
        What the Handler should find: the name of a column (of other data than a DataFrame: of a
        field), which the Handler then does not get; or a bool for each point, in the order of the
        data; or times; or intervals ``(start, end)``, ends included; or True for the labels of
        synthetic data. Times are RFC 3339 text, datetimes, or nanoseconds since the Unix epoch.
    alert : str or callable, optional
        Which outputs are alerts: those whose field of this name says so (True, a number but 0, a
        text that is not empty), or for which the function, given the Point, does. By default, if
        there are labels, all are.
    match : {"points", "events"}, default: "points"
        What is counted as found: each labelled point that an alert marks, or each event, which is
        labelled points of one group that follow one another. See ``docs/whatif.md``.
    tolerance : int in nanoseconds or str as in ``"10s"``, default: 0
        By event: how long before and after an event an alert still counts.
    options : mapping, optional
        Options that do not vary.
    grid : mapping of str to list, optional
        As `varying`, for options that are called as a parameter is.
    workers : int, optional
        How many processes to fork; by default as many as this process may use processors. 1 runs
        all in this process. The result is the same.
    group_by, by_measurement, time, tags, name, typing, env, snapshot, progress
        As `simulate` has them.
    **varying : list
        The values of each option that varies. The last one varies fastest.

    Returns
    -------
    Sweep
        Table, runs, the best of them, plot. What ends a run early is kept in it, and what the
        function `alert` raises in its `unjudged`, with a RuntimeWarning.

    Raises
    ------
    OptionError
        If Kapacitor would refuse an option, or a list of values is none.
    ValueError
        If labels do not fit the data.
    SourceError
        If the data cannot be read.
    KeyboardInterrupt
        If it is interrupted; no process is left, and `last_run` returns a Sweep of the
        combinations that were complete: without scores, if all were.

    Notes
    -----
    Chance (`random` and NumPy's old generator) and plain data outside the Handler's objects are
    the same at the start of each run. A Handler that depends on a clock, or on what else a process
    has, may still answer otherwise from run to run.

    Examples
    --------
    >>> class Peak(Handler):
    ...     limit = Option(float)
    ...
    ...     def point(self, point):
    ...         if point.fields["x"] > self.limit:
    ...             yield point
    >>> points = [Point({"x": float(n), "odd": n > 6}, time=n) for n in range(10)]
    >>> found = sweep(Peak, points, labels="odd", limit=[2.5, 6.5, 8.5], workers=1)
    >>> found
    Sweep(Peak: 3 combinations of limit (3), 10 points each; best f1 1 at limit=6.5)
    >>> [run.score.recall for run in found.runs]
    [1.0, 1.0, 0.3333333333333333]
    """
    judging = Judging.read(alert, match, tolerance)
    own = native(handler)
    node = UdfNode(own, task_id=f"sweep_{own.__name__}", node_id=f"{own.__name__}2")
    with environment(env or {}):
        info = node.ask_info()
    _check_names(info.options, time=time, name=name, typing=typing, snapshot=snapshot)
    fixed = dict(options or {})
    values = read_grid(varying, grid, fixed)
    chosen = combinations(own, info, values, fixed)
    arranging = Arranging(info.wants, parse_group_by(group_by), by_measurement)
    reading = {"time": time, "tags": tags, "name": name, "typing": typing}
    prepared, truth = _read(data, labels, arranging, reading)
    setting = Setting(own, prepared, fixed, arranging.group_by, dict(env or {}), snapshot)

    found: dict[int, Outcome] = {}

    def swept(judging: Judging | None) -> Sweep:
        trials = [
            Trial(setting, place, chosen[place], found[place], info) for place in sorted(found)
        ]
        alerts = judging.judge(trials, truth, 4) if judging is not None else {}
        return Sweep(own, fixed, values, trials, len(chosen), truth, alerts, match)

    remember(lambda: None)
    try:
        _run(setting, chosen, worker_count(workers, len(chosen)), found, progress)
        return swept(judging)
    except KeyboardInterrupt as interrupt:
        # Whoever had enough of a judge that takes long gets the runs without it.
        partial = swept(judging if len(found) < len(chosen) else None)
        remember(cast("Any", lambda: partial))
        interrupt.args = interrupt.args or (_HINT,)
        raise


def _read(
    data: Any, labels: Any, arranging: Arranging, reading: Mapping[str, Any]
) -> tuple[Prepared, Truth | None]:
    """Read the data once, and part them from their labels."""
    data, marks = take_labels(data, labels) if labels is not None else (data, None)
    grouped = [key for key in arranging.group_by if key != "*"]
    source = open_source(data, group_by=grouped, **reading)
    if marks is None:
        return arranging.prepared(source), None
    prepared, wanted = labelled(source, marks, arranging)
    return prepared, Truth(prepared, wanted)


def _run(
    setting: Setting,
    chosen: Sequence[Mapping[str, Any]],
    workers: int,
    found: dict[int, Outcome],
    progress: bool,
) -> None:
    """Run all, and put each outcome to its place as it comes."""
    size = len(setting.data)
    bar = Progress(f"sweep of {setting.handler.__name__}", size * len(chosen)) if progress else None

    def tick() -> None:
        if bar is not None:
            bar.update(size * len(found))

    try:
        with contextlib.closing(outcomes(setting, chosen, workers, tick=tick)) as coming:
            for place, outcome in coming:
                found[place] = outcome  # noqa: PERF403  # what came before an interrupt is kept
    finally:
        if bar is not None:
            bar.finish()


def _check_names(declared: Mapping[str, Any], **parameters: Any) -> None:
    """Refuse a list of values for an option that is called as a parameter which is no list."""
    for name, value in parameters.items():
        varies = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
        if name in declared and varies:
            raise OptionError(
                f"{name} is a parameter of sweep; for the option write grid={{{name!r}: {value!r}}}"
            )
