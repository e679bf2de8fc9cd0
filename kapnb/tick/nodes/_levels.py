"""The state of an alert: which level a group has had, since when, and what is suppressed."""

from __future__ import annotations

from dataclasses import dataclass

from kapnb.model import Duration

__all__ = ["CRITICAL", "LEVELS", "OK", "AlertState", "Rules"]

LEVELS = ("OK", "INFO", "WARNING", "CRITICAL")
OK, CRITICAL = 0, 3

#: The newest change weighs 1.2, which is 1.5 times as much as the oldest.
_WEIGHT_MAX, _WEIGHT_RATIO = 1.2, 1.5


@dataclass(frozen=True)
class Rules:
    """When an event is suppressed.

    Attributes
    ----------
    changes_only : bool
        Whether an event needs a change of level.
    expiry : int
        Nanoseconds after which it goes out without one; 0 for never.
    flapping : bool
        Whether a group that changes too often is silent.
    low, high : float
        Shares of changes at which it speaks again, and falls silent.
    history : int
        How many levels are remembered for that.
    """

    changes_only: bool
    expiry: int
    flapping: bool
    low: float
    high: float
    history: int


class AlertState:
    """What is known of one group.

    Attributes
    ----------
    changed : bool
        Whether the last level differs from the one before.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._history = [OK] * rules.history
        self._at = 0
        self.changed = False
        self._expired = self._flapping = False
        # Go's zero time, which is long ago.
        self._first = self._last = -(2**63)

    @property
    def level(self) -> int:
        """The last level."""
        return self._history[self._at]

    @property
    def suppressed(self) -> bool:
        """Whether no event goes out now."""
        rules = self._rules
        if rules.flapping and self._flapping:
            return True
        return rules.changes_only and not self.changed and not self._expired

    @property
    def duration(self) -> Duration:
        """How long it has been since the first event that was not OK."""
        return Duration(self._last - self._first)

    def add(self, time: int, level: int) -> None:
        """Take the level of one point or batch."""
        self.changed = self.level != level
        self._at = (self._at + 1) % len(self._history)
        self._history[self._at] = level
        if self._rules.flapping:
            self._update_flapping()
        expiry = self._rules.expiry
        self._expired = not self.changed and expiry != 0 and time - self._last >= expiry

    def trigger(self, time: int) -> None:
        """Take note of an event."""
        self._last = time
        if self._history[self._at - 1] == OK:
            self._first = time

    def _update_flapping(self) -> None:
        share = self._share_of_changes()
        if self._flapping and share < self._rules.low:
            self._flapping = False
        elif not self._flapping and share > self._rules.high:
            self._flapping = True

    def _share_of_changes(self) -> float:
        history, length = self._history, len(self._history)
        weight = _WEIGHT_MAX / _WEIGHT_RATIO
        step = (_WEIGHT_MAX - weight) / (length - 1)
        changes = 0.0
        for offset in range(length - 1):
            current = (offset + self._at) % length
            if history[current] != history[current - 1]:
                changes += weight
            weight += step
        return changes / (length - 1)
