"""Which groups have had their time: the clock and the order of use, in event time.

No state lives here and no user code is called: `Expiry` says which groups are over, and the
Session lets go of them. Every step is O(1), or paid for by the group that it removes.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from kapnb.errors import HandlerError

__all__ = ["Expiry", "check_limits"]

_NONE: tuple[str, ...] = ()


def check_limits(idle: Any, cap: Any, where: str) -> None:
    """Refuse limits that mean nothing.

    Raises
    ------
    HandlerError
        If one is neither None nor an int above zero.
    """
    for name, value, example in (
        ("group_idle", idle, 'Duration.parse("10m")'),
        ("group_cap", cap, "10_000"),
    ):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise HandlerError(
                f"{where}.{name} is {value!r}; it must be None or an int above 0, as in "
                f"{name} = {example}"
            )


class Expiry:
    """The groups of one Handler, least recently used first, each with a stamp.

    The *clock* is the greatest time seen; it never goes back. A group's *stamp* is the clock
    when the group was last used, so that stamps never fall from the oldest to the newest and
    only the first need be looked at. A group is over when the clock is more than `idle`
    ahead of its stamp, or when there are more than `cap` and it is the first.

    Parameters
    ----------
    idle : int or None
        Nanoseconds of event time.
    cap : int or None
        Number of groups.
    """

    __slots__ = ("_due", "cap", "idle", "now", "stamps")

    def __init__(self, idle: int | None, cap: int | None) -> None:
        self.idle = math.inf if idle is None else int(idle)
        self.cap = math.inf if cap is None else int(cap)
        #: The clock, in nanoseconds since the Unix epoch; None before any data.
        self.now: int | None = None
        self.stamps: OrderedDict[str, int] = OrderedDict()
        # Nothing can be over before this time. The first group's stamp only ever rises, so
        # the time may be too early, never too late.
        self._due: float = math.inf

    def start(self, time: int, groups: Iterable[str]) -> Iterable[str]:
        """Set the clock for the first data; return the groups that are over `cap`.

        Parameters
        ----------
        time : int
            Of the first data; the clock unless a snapshot brought one.
        groups : iterable of str
            Those that have a state now. A group without a stamp, from a snapshot that knew
            none or put there by user code, counts as used just now.
        """
        now = self.now = time if self.now is None else self.now
        known = self.stamps
        there = dict.fromkeys(groups)
        self.stamps = OrderedDict((group, known[group]) for group in known if group in there)
        for group in there:
            self.stamps.setdefault(group, now)
        self._plan(now)
        gone = []
        while len(self.stamps) > self.cap:
            gone.append(self.stamps.popitem(last=False)[0])
        return gone

    def touch(self, group: str, time: int) -> Iterable[str]:
        """Use `group` at `time`; return the groups that are over, in the order of their use.

        `group` may be among them: it was idle for too long, and starts anew.
        """
        stamps = self.stamps
        gone: Iterable[str] = _NONE
        now = self.now
        assert now is not None  # start came first
        if time > now:
            now = self.now = time
            if now > self._due:
                gone = self._sweep(now)
        if group in stamps:
            stamps.move_to_end(group)
        elif len(stamps) >= self.cap:
            gone = [*gone, stamps.popitem(last=False)[0]]
        stamps[group] = now
        return gone

    def _sweep(self, now: int) -> list[str]:
        """Remove and return the groups that were idle for too long."""
        stamps, latest = self.stamps, now - self.idle
        gone = []
        while stamps and next(iter(stamps.values())) < latest:
            gone.append(stamps.popitem(last=False)[0])
        self._plan(now)
        return gone

    def _plan(self, now: int) -> None:
        """Note when the next group can be over at the earliest."""
        self._due = next(iter(self.stamps.values()), now) + self.idle

    # ------------------------------------------------------------- in a snapshot

    def order(self, groups: Mapping[str, Any]) -> list[str]:
        """Return the names of `groups`, least recently used first."""
        known = [group for group in self.stamps if group in groups]
        return known + [group for group in groups if group not in self.stamps]

    def ages(self, groups: Iterable[str]) -> list[int]:
        """Return how far the clock is ahead of each group's stamp, in nanoseconds."""
        now = self.now
        return [0 if now is None else now - self.stamps.get(group, now) for group in groups]

    def load(self, now: int | None, ages: Mapping[str, int]) -> None:
        """Go on with the clock and the ages of a snapshot."""
        self.now = now
        self.stamps = (
            OrderedDict()
            if now is None
            else OrderedDict((group, now - age) for group, age in ages.items())
        )
