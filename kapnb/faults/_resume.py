"""`check_resume`: whether a Handler goes on after a restart as if there had been none.

One pass shows it for every position: after each item the state is taken, the process ended, a
fresh one started with the state, and the next item given to that. A Handler whose snapshot holds
all there is to know gives what it gives without a break. What is lost at one of the many breaks
is found by bisection.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from kapnb._progress import track
from kapnb.errors import HandlerError, KapnbError
from kapnb.faults._compare import look
from kapnb.faults._process import Case, Item, Process, Run, open_case, play
from kapnb.faults._report import pre
from kapnb.faults._states import differences, state_of
from kapnb.model import Batch

__all__ = ["Loss", "Resume", "check_resume", "lost_at"]


@dataclass(frozen=True)
class Loss:
    """What was wrong with a restart.

    Attributes
    ----------
    after : int
        After how many items the restart was.
    position : int or None
        Of the first item, from 0, that is answered otherwise than without a restart; None if
        the restart itself failed.
    item : Point or Batch or None
        That item.
    expected, found : list of Point or Batch
        What it was answered with, without the restart and with it.
    lost : list of str
        What of the state is another after the restart: group, attribute and values.
    why : str
        What the Handler, or the kit, said about it.
    """

    after: int
    position: int | None = None
    item: Item | None = None
    expected: list[Item] = field(default_factory=list)
    found: list[Item] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    why: str = ""


@dataclass(frozen=True)
class Resume:
    """The outcome of `check_resume`.

    Attributes
    ----------
    handler : str
        Name of the Handler.
    items : int
        How many points, or batches, were given.
    restarts : int
        How many restarts there were.
    loss : Loss or None
        The first one that was noticed.
    note : str
        What should be known besides.
    """

    handler: str
    items: int
    noun: str
    restarts: int
    loss: Loss | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether no answer changed and every restart worked."""
        return self.loss is None

    def raise_if_failed(self) -> None:
        """Raise an AssertionError that says it all, unless all is well."""
        if not self.ok:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        first, *rest = self._lines()
        return f"<div><b>{html.escape(first)}</b>{pre(chr(10).join(rest)) if rest else ''}</div>"

    def _lines(self) -> list[str]:
        plural = "" if self.restarts == 1 else "s"
        head = (
            f"Resume of {self.handler}: {self.items} {self.noun}, {self.restarts} restart{plural}: "
        )
        note = [f"  note: {self.note}"] if self.note else []
        loss = self.loss
        if loss is None:
            # A state that is in no snapshot is gone, whether or not an answer shows it.
            return [head + ("no answer changed" if note else "nothing is lost"), *note]
        lines = [head + f"a restart after {_ordinal(loss.after, self.noun)} loses state"]
        if loss.position is not None:
            lines.append(f"  first answered otherwise: {_one(self.noun)} {loss.position + 1}")
            lines.append(f"    input:    {loss.item!r}")
            lines.append(f"    expected: {_listed(loss.expected)}")
            lines.append(f"    found:    {_listed(loss.found)}")
        lines += [f"  lost: {text}" for text in loss.lost]
        lines += [f"  why: {loss.why}"] if loss.why and loss.why not in self.note else []
        return lines + note


def _one(noun: str) -> str:
    return "batch" if noun == "batches" else "point"


def _ordinal(count: int, noun: str) -> str:
    return f"{_one(noun)} {count}"


def _listed(items: Sequence[Item]) -> str:
    return ", ".join(map(repr, items)) or "(nothing)"


def check_resume(
    handler: Any,
    data: Any,
    *,
    every: int = 1,
    options: Mapping[str, Any] | None = None,
    group_by: str | Sequence[str] | None = None,
    by_measurement: bool = False,
    time: str | None = None,
    tags: Sequence[str] = (),
    name: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Resume:
    """Restart a Handler after every item, and compare with a run without a break.

    Parameters
    ----------
    handler, data, options, group_by, by_measurement, time, tags, name, env
        As `kapnb.simulate` takes them. A Handler of the official API must be given as a class.
    every : int, default: 1
        After how many points, or batches, to restart. One snapshot and one restore each are
        what a restart costs, so a large state asks for fewer.

    Returns
    -------
    Resume
        Whether anything is lost; if so what, and at which item it shows first.

    Raises
    ------
    KapnbError
        If the Handler fails, or is refused, without any restart.

    Notes
    -----
    Restarts of a Handler that takes batches are between batches: a snapshot within a batch is
    the state before it. What the Handler's code keeps outside its objects (globals, class
    attributes, closures) is put back at each start, as a new process of Kapacitor's would find
    it. Claimed is what was run: these data, restarts at these places, one after the other.

    Examples
    --------
    >>> class Counted(Handler):
    ...     count = 0
    ...
    ...     def point(self, point):
    ...         self.count += 1
    ...         yield point.with_fields(count=self.count)
    >>> check_resume(Counted, [Point({"x": 1.5}, time=n, name="m") for n in range(3)])
    Resume of Counted: 3 points, 1 restart: a restart after point 1 loses state
      first answered otherwise: point 2
        input:    Point(m 1970-01-01T00:00:00.000000001Z x=1.5)
        expected: Point(m 1970-01-01T00:00:00.000000001Z count=2 x=1.5)
        found:    Point(m 1970-01-01T00:00:00.000000001Z count=1 x=1.5)
      lost: self.count was 1, is gone
    """
    if every < 1:
        raise ValueError(f"every is a number of items of at least 1, not {every!r}")
    if not isinstance(handler, type):
        raise HandlerError(
            f"check_resume starts fresh Handlers, so it takes a class, not {handler!r:.60}"
        )
    case, simulation = open_case(
        handler,
        data,
        options=options,
        group_by=group_by,
        by_measurement=by_measurement,
        time=time,
        tags=tags,
        name=name,
        env=env,
    )
    items = simulation.inputs
    clean = play(case, items)
    facts = (case.name, len(items), "batches" if isinstance(items[0], Batch) else "points")
    try:
        if list(map(_looks, clean.outputs)) != list(map(_looks, play(case, items).outputs)):
            return Resume(*facts, 0, Loss(0, why=_NOT_REPEATABLE))
        relay = _Relay(case, clean, lambda count: count % every == 0)
        loss = relay.run(len(items))
        if loss is not None:
            loss = _guilty(case, clean, loss, every)
        return Resume(*facts, relay.restarts, loss, relay.note)
    finally:
        case.hidden.reset()


_NOT_REPEATABLE = (
    "two runs without any restart differ: the Handler draws random numbers, looks at a clock, or "
    "keeps something where nobody looked, so nothing can be said about restarts"
)


def _looks(items: Sequence[Item]) -> list[Any]:
    return [look(item) for item in items]


class _Relay:
    """A run with restarts, compared on the way with one without.

    Parameters
    ----------
    case : Case
        What is started.
    clean : Run
        Inputs, and what they gave without a restart.
    cuts : callable
        Tells whether to restart after so many items.
    """

    def __init__(self, case: Case, clean: Run, cuts: Callable[[int], bool]) -> None:
        self._case, self._clean, self._cuts = case, clean, cuts
        self.restarts = 0
        self.note = ""
        self.said = ""

    def run(self, stop: int) -> Loss | None:
        """Run the first `stop` items; return the first difference, or None."""
        with patch.dict("os.environ", self._case.env):
            process, snapshot = self._case.start(), b""
            items = track(self._clean.inputs[:stop], f"restarts of {self._case.name}")
            for position, item in enumerate(items):
                out = process.feed(item)
                restart = self._cuts(position + 1) and position + 1 < stop
                if restart:
                    snapshot = process.take_snapshot()
                failed = process.error
                if restart or failed is not None or position + 1 == stop:
                    out += process.kill()
                loss = self._compared(position, out, failed)
                if loss is not None:
                    return loss
                if restart:
                    process = self._restart(process, snapshot)
                    refused = process.error
                    if refused is not None:
                        return Loss(position + 1, why=f"restore was refused: {refused}")
        return None

    def _compared(self, position: int, out: list[Item], failed: KapnbError | None) -> Loss | None:
        expected, item = self._clean.outputs[position], self._clean.inputs[position]
        if failed is not None:
            return Loss(position, position, item, expected, out, why=str(failed))
        if _looks(out) != _looks(expected):
            return Loss(position, position, item, expected, out, why=self.said)
        return None

    def _restart(self, process: Process, snapshot: bytes) -> Process:
        if not snapshot:
            self.said = "; ".join(process.warnings) or "snapshot() gave no bytes"
            self.note = f"a restart begins anew: {self.said}"
        fresh = self._case.start(snapshot=snapshot)
        self.said = "; ".join(fresh.warnings) or self.said
        self.restarts += 1
        return fresh


def _guilty(case: Case, clean: Run, loss: Loss, every: int) -> Loss:
    """Return the loss with the restart that caused it, found by bisection."""
    if loss.position is None:
        return loss
    low, high = 0, loss.position // every  # restarts before the item, counted
    stop = loss.position + 1
    while high - low > 1:
        middle = (low + high) // 2
        relay = _Relay(case, clean, _first(middle, every))
        low, high = (low, middle) if relay.run(stop) is not None else (middle, high)
    after = high * every
    lost = lost_at(case, clean.inputs, after, _first(high - 1, every)) if after else []
    return Loss(after, loss.position, loss.item, loss.expected, loss.found, lost, loss.why)


def _first(number: int, every: int) -> Callable[[int], bool]:
    """Return cuts at the first `number` places only."""
    return lambda count: count % every == 0 and count <= number * every


def lost_at(
    case: Case,
    items: Sequence[Item],
    after: int,
    cuts: Callable[[int], bool] = lambda count: False,
) -> list[str]:
    """Say what of the state a restart after so many items loses, following earlier `cuts`."""
    with patch.dict("os.environ", case.env):
        process = case.start()
        for count, item in enumerate(items[:after], 1):
            process.feed(item)
            if cuts(count) and count < after:
                snapshot = process.take_snapshot()
                process.kill()
                process = case.start(snapshot=snapshot)
        before = {**state_of(process), **case.hidden.values()}
        snapshot = process.take_snapshot()
        process.kill()
        fresh = case.start(snapshot=snapshot)
        after_restart = {**state_of(fresh), **case.hidden.values()}
        found = differences(before, after_restart)
        fresh.kill()
    return found
