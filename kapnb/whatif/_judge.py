"""Which outputs of a sweep's runs are alerts, and how they score; nothing runs for it.

What a function of the user raises on the way costs the run its score, not the sweep its runs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from kapnb.agent._blame import blame
from kapnb.errors import HandlerError
from kapnb.model import Duration, Point, parse_duration
from kapnb.whatif._labels import is_set
from kapnb.whatif._score import Alerts, Score, Truth, find_alerts
from kapnb.whatif._trial import Trial

__all__ = ["Alert", "Judging"]

#: What makes an output an alert: all are, the field that says so, or a function that does.
Alert = str | Callable[[Point], Any] | None
#: Longest text of a point in a message, in characters.
_POINT_MAX = 200


@dataclass(frozen=True)
class Judging:
    """How runs are judged.

    Attributes
    ----------
    alert : str or callable, optional
    match : {"points", "events"}
    tolerance : int
        In nanoseconds.
    """

    alert: Alert
    match: str
    tolerance: int

    @classmethod
    def read(cls, alert: Any, match: str, tolerance: int | str) -> Self:
        """Return it from what `sweep` was given.

        Raises
        ------
        ValueError, TypeError
            If that is none, before anything runs.
        """
        if match not in ("points", "events"):
            raise ValueError(f'match is "points" or "events", not {match!r}')
        if not (alert is None or isinstance(alert, str) or callable(alert)):
            raise TypeError(f"alert is a field's name or a function of a Point, not {alert!r}")
        span = parse_duration(tolerance) if isinstance(tolerance, str) else int(tolerance)
        if span < 0:
            raise ValueError(f"tolerance is {Duration(span)}; it cannot be negative")
        return cls(alert, match, span)

    def judge(
        self, trials: Sequence[Trial], truth: Truth | None, stacklevel: int
    ) -> dict[int, Alerts]:
        """Give each run its score, or the reason why it has none; return the alerts by position.

        Parameters
        ----------
        trials : sequence of Trial
            Their `score` and `unjudged` are set.
        truth : Truth, optional
            The labels.
        stacklevel : int
            Of a warning, seen from here.
        """
        alerts: dict[int, Alerts] = {}
        if truth is None and self.alert is None:
            return alerts
        for trial in trials:
            trial.score = trial.unjudged = None
            try:
                found = find_alerts(trial, _Judge(self.alert, trial.label), truth)
            except HandlerError as error:
                trial.unjudged = error
                continue
            alerts[trial.position] = found
            if truth is not None:
                trial.score = self._score(trial, found, truth)
        failed = [trial.unjudged for trial in trials if trial.unjudged is not None]
        if failed:
            text = (
                f"{len(failed)} of {len(trials)} runs could not be judged, so they have no score; "
                f"judge(alert=…) of the result does so without running them again. {failed[0]}"
            )
            warnings.warn(text, RuntimeWarning, stacklevel=stacklevel)
        return alerts

    def _score(self, trial: Trial, alerts: Alerts, truth: Truth) -> Score | None:
        """Return how a run compares with the labels; None of one that is not complete."""
        if trial.error is not None:
            return None
        if self.match == "points":
            return truth.by_point(alerts)
        return truth.by_event(alerts, self.tolerance)


class _Judge:
    """Says of each point of a combination whether it is an alert."""

    def __init__(self, alert: Alert, combination: str) -> None:
        self._alert, self._combination = alert, combination

    def __call__(self, point: Point) -> bool:
        """Tell.

        Raises
        ------
        HandlerError
            With function, combination and point, if the function raises an error.
        """
        if self._alert is None:
            return True
        if isinstance(self._alert, str):
            return self._alert in point.fields and is_set(point.fields[self._alert])
        try:
            return bool(self._alert(point))
        except Exception as error:
            name = getattr(self._alert, "__name__", type(self._alert).__name__)
            text = f"alert={name}, given {point!r:.{_POINT_MAX}}"
            text += f" of {self._combination}" if self._combination else ""
            raise HandlerError(f"{text}: {blame(error, 'alert')}") from error
