"""Counters: what passed through an agent, as a log line from time to time.

Only for those who ask (``KAPNB_STATS``): an agent without counters pays nothing for them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kapnb.agent._log import logger
from kapnb.model import BATCH, EndBatch, Point
from kapnb.protocol import wire_point

if TYPE_CHECKING:
    import logging

    from kapnb.agent._outbox import Outbox
    from kapnb.agent._session import Session

__all__ = ["Counters", "counters_from"]

#: Bounds of the latency histogram: eight a decade, from a microsecond to a thousand seconds.
_BOUNDS = tuple(10 ** (exponent / 8 - 6) for exponent in range(9 * 8 + 1))
_QUANTILES = (0.5, 0.95, 0.99)


class Counters:
    """What one agent has done since it started.

    Parameters
    ----------
    every_s : float
        Seconds between two log lines.
    clock : callable, default: time.perf_counter
        Seconds.
    log : logging.Logger, default: the one named ``kapnb``
        Where the lines go, at level INFO.

    Attributes
    ----------
    points_in, points_out : int
        Points received and sent, those of batches included.
    """

    def __init__(
        self,
        every_s: float,
        *,
        clock: Callable[[], float] = time.perf_counter,
        log: logging.Logger | None = None,
    ) -> None:
        self.points_in = self.points_out = 0
        self._every_s = every_s
        self._clock = clock
        self._log_or_none = log
        self._due = clock() + every_s
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._session: Session | None = None
        self._outbox: Outbox | None = None

    def count_output(self, outbox: Outbox) -> None:
        """Count what goes into `outbox` from now on, unless it is taken back."""
        self._outbox, send = outbox, outbox.send
        open_unit, close_unit = outbox.open_unit, outbox.close_unit
        before = 0

        def counted(message: Any) -> None:
            send(message)
            if isinstance(message, Point):
                self.points_out += 1

        def opened() -> None:
            nonlocal before
            before = self.points_out
            open_unit()

        def closed(*, keep: bool) -> None:
            close_unit(keep=keep)
            if not keep:
                self.points_out = before

        outbox.send = outbox.send_point = counted  # type: ignore[method-assign, assignment]
        outbox.send_bytes = lambda raw: counted(wire_point(raw))  # type: ignore[method-assign]
        outbox.open_unit, outbox.close_unit = opened, closed  # type: ignore[method-assign]

    def watch(self, session: Session) -> Callable[[Any], None]:
        """Return `session.handle` with a stop watch around it."""
        self._session, handle, clock, buckets = session, session.handle, self._clock, self._buckets
        batches = session.handler.wants is BATCH

        def handled(event: Any) -> None:
            is_point = isinstance(event, Point)
            self.points_in += is_point
            began = clock()
            handle(event)
            if (is_point and not batches) or type(event) is EndBatch:
                buckets[_bucket(clock() - began)] += 1

        return handled

    def quantile(self, share: float) -> float:
        """Return the time, in seconds, within which `share` of the inputs were handled.

        The upper bound of a bucket of the histogram, so up to a third too high; an input is a
        point of a stream, or a whole batch. NaN before the first.
        """
        total, seen = sum(self._buckets), 0
        if not total:
            return float("nan")
        for bound, count in zip(_BOUNDS, self._buckets, strict=False):
            seen += count
            if seen >= share * total:
                return bound
        return float("inf")

    def facts(self) -> dict[str, float]:
        """Return everything as names and numbers; times in milliseconds, sizes in bytes.

        There are no times before the first input.
        """
        session, outbox = self._session, self._outbox
        facts: dict[str, float] = {"points_in": self.points_in, "points_out": self.points_out}
        if session is not None and outbox is not None:
            facts["skipped"] = session.skipped
            facts["dropped_fields"] = outbox.dropped_fields
            facts["groups"] = len(session.handler.group_states)
            facts["snapshot_bytes"] = session.snapshot_size or 0
        for share in _QUANTILES if any(self._buckets) else ():
            facts[f"p{share * 100:.0f}_ms"] = float(f"{self.quantile(share) * 1000:.3g}")
        return facts

    def log_if_due(self) -> None:
        """Log a line if its time has come."""
        now = self._clock()
        if now >= self._due:
            self._due = now + self._every_s
            self.log()

    def log(self) -> None:
        """Log a line now."""
        facts = self.facts()
        text = " ".join(f"{name}={value:g}" for name, value in facts.items())
        (self._log_or_none or logger()).info("counters %s", text, extra={"counters": facts})


def _bucket(seconds: float) -> int:
    from bisect import bisect_left

    return bisect_left(_BOUNDS, seconds)


def counters_from(
    environ: Mapping[str, str] = os.environ, log: logging.Logger | None = None
) -> Counters | None:
    """Return Counters if ``KAPNB_STATS`` says how often, in seconds, they should be logged.

    Raises
    ------
    ValueError
        If it is no positive number.
    """
    text = environ.get("KAPNB_STATS", "")
    if not text:
        return None
    try:
        every_s = float(text)
    except ValueError:
        every_s = 0.0
    if not every_s > 0:
        raise ValueError(f"KAPNB_STATS is {text!r}; it must be a number of seconds above 0")
    return Counters(every_s, log=log)
