"""Faults of a session: killed between points or within a batch, other groups, the deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from unittest.mock import patch

from kapnb.errors import SourceError
from kapnb.faults._fault import Fault, Item
from kapnb.faults._process import Case, Run
from kapnb.model import Batch

__all__ = ["CutBatch", "GroupsApart", "Kill", "SlowHandler"]


class Kill(Fault):
    """The process is killed after some item, and a fresh one goes on from the last snapshot.

    Parameters
    ----------
    times : int, default: 10
        How often.
    after : int, default: 0
        How many further items were handled between the snapshot and the end. Their effect on
        the state is lost.
    """

    name = "snapshot and kill"
    reality = (
        "Kapacitor asks for a snapshot about once a minute and takes none at stop (task.go): a "
        "restart goes on from the last one. An empty snapshot is not stored (udf.go)."
    )

    def __init__(self, *, times: int = 10, after: int = 0) -> None:
        if times < 1 or after < 0:
            raise SourceError("times is at least 1, after at least 0", self.name)
        self.times, self.after = times, after
        self.harmless = after == 0
        self.name = "kill at a snapshot" if after == 0 else "kill between snapshots"

    def cuts(self, items: Sequence[Item], rng: random.Random) -> list[int]:
        """Return after how many items a snapshot is taken."""
        possible = range(1, max(1, len(items) - self.after))
        return sorted(rng.sample(possible, min(self.times, len(possible))))

    def play(self, case: Case, items: Sequence[Item], cuts: Sequence[int]) -> Run:
        """Run over all items with these cuts; each item's outputs are in their place."""
        run, stored = Run(items), b""
        kills = {cut + self.after for cut in cuts}
        with patch.dict("os.environ", case.env):
            process = case.start()
            for count, item in enumerate(items, 1):
                run.outputs.append(process.feed(item))
                if process.error is None and count in cuts:
                    stored = process.take_snapshot() or stored
                if process.error is None and count in kills:
                    run.outputs[-1] += process.kill()
                    process = case.start(snapshot=stored)
                if process.error is not None:
                    break
            run.ended(process)
        return run


class CutBatch(Fault):
    """The process is killed within a batch; a fresh one goes on with the next batch."""

    name = "error within a batch"
    reality = (
        "Whatever ends a task ends it anywhere: the begin and half the points came, the end never "
        "does, and the first half is not sent again. Half a batch that goes out is discarded at "
        "the next begin, or, on a stream, is there for good (udf/server.go)."
    )
    harmless = True

    def cuts(self, items: Sequence[Item], rng: random.Random) -> list[int]:
        """Return the positions of the batches that are cut."""
        full = [
            index for index, item in enumerate(items) if isinstance(item, Batch) and item.points
        ]
        return sorted(rng.sample(full, min(len(full), max(1, len(full) // 20))))

    def play(self, case: Case, items: Sequence[Item], cuts: Sequence[int]) -> Run:
        """Run over all items; what a batch that was cut gave is in its place."""
        run = Run(items)
        with patch.dict("os.environ", case.env):
            process = case.start()
            for index, item in enumerate(items):
                if index in cuts:
                    assert isinstance(item, Batch)
                    out = process.open_batch(item, (len(item) + 1) // 2)
                    snapshot = process.take_snapshot()
                    run.outputs.append(out + process.kill())
                    process = case.start(snapshot=snapshot)
                else:
                    run.outputs.append(process.feed(item))
                if process.error is not None:
                    break
            run.ended(process)
        return run


class GroupsApart(Fault):
    """Each group comes alone, in a process of its own; answers must be those of all together."""

    name = "groups apart"
    reality = (
        "Groups come and go: a host is added, another is silent for a week. What one is answered "
        "should not hang on which others there are; Kapacitor's own nodes keep them apart."
    )
    harmless = True


class SlowHandler(Fault):
    """Each call is measured against the deadline of the keepalive; no fault is put in.

    Parameters
    ----------
    timeout : float, default: 10.0
        Seconds, as in ``[udf.functions.NAME] timeout``.
    clock : callable, default: time.perf_counter
        Seconds.

    Notes
    -----
    Kapacitor asks for a sign of life every half timeout and ends the task when none came for a
    whole one; the request queues behind what was written before it. So one call must stay below
    half the timeout, or else something must speak meanwhile. kapnb's agent does, up to the
    Handler's `busy_limit`; the official agent does not. What is measured here is this machine.
    """

    name = "keepalive pressure"
    reality = (
        "One call that takes longer than the timeout kills the task with a healthy process: "
        "keepalive timedout (udf/server.go, watchKeepalive)."
    )
    harmless = True

    def __init__(
        self, *, timeout: float = 10.0, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        if timeout <= 0:
            raise SourceError(f"timeout is a number of seconds above 0, not {timeout!r}", self.name)
        self.timeout, self.clock = timeout, clock
