"""How well outputs meet labels: precision, recall, F1, by point or by event.

Formulas: C. D. Manning, P. Raghavan and H. Schütze, Introduction to Information Retrieval, 2008,
section 8.3; the F measure is C. J. van Rijsbergen's (Information Retrieval, 1979, chapter 7). By
event, what counts as found or false is the rule of K. Hundman et al., Detecting Spacecraft
Anomalies Using LSTMs and Nonparametric Dynamic Thresholding, KDD 2018, with a tolerance added.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kapnb.model import Batch, Point
from kapnb.simulation._passage import Passage
from kapnb.simulation._prepared import Prepared

__all__ = ["Alerts", "Score", "Truth", "find_alerts"]

_Span = tuple[int, int]


@dataclass(frozen=True)
class Score:
    """What was found of what there is to find.

    Attributes
    ----------
    hits : int
        Labelled points with an alert; by event, events with one (true positives).
    false : int
        Alerts on points without a label, and on no point; by event, alarms that touch no event
        (false positives).
    missed : int
        Labelled points, or events, without an alert (false negatives).

    Examples
    --------
    >>> score = Score(hits=6, false=2, missed=4)
    >>> score.precision, score.recall, round(score.f1, 3)
    (0.75, 0.6, 0.667)
    """

    hits: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        """Hits / (hits + false); NaN if there was no alert."""
        return _share(self.hits, self.hits + self.false)

    @property
    def recall(self) -> float:
        """Hits / (hits + missed); NaN if there is nothing to find."""
        return _share(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float:
        """2 · hits / (2 · hits + false + missed), the harmonic mean of precision and recall."""
        return _share(2 * self.hits, 2 * self.hits + self.false + self.missed)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


@dataclass(frozen=True)
class Alerts:
    """The alerts of one run.

    Attributes
    ----------
    points : set of int
        Positions of the points that they mark, among all points of the data.
    elsewhere : list of tuple of str and int
        Group and time of those that mark none.
    times : list of int
        Of all alerts; several may mark one point.
    """

    points: set[int]
    elsewhere: list[tuple[str, int]]
    times: list[int]

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.times)


class Truth:
    """The points of the data as the Handler gets them, and which of them are to be found.

    Parameters
    ----------
    data : Prepared
    marks : list of bool
        One for each point; of a batch all of its points.
    """

    def __init__(self, data: Prepared, marks: list[bool]) -> None:
        self.marks = marks
        self.times: list[int] = []
        self.groups: list[str] = []
        self._ranges: list[range] = []
        self._places: dict[tuple[str, int], int] = {}
        self._members: dict[str, list[int]] = {}
        for item in data:
            points = item.points if isinstance(item, Batch) else [item]
            first, group = len(self.times), item.group
            for place, point in enumerate(points, first):
                self.times.append(point.time)
                self.groups.append(group)
                self._places.setdefault((group, point.time), place)
                self._members.setdefault(group, []).append(place)
            self._ranges.append(range(first, len(self.times)))

    def place(self, point: Point, group: str, position: int) -> int | None:
        """Return which point of the data an output marks.

        It is that of the input it was sent for, if that has its time; else the first of its group
        that has; else none.
        """
        if position >= 0:
            for place in self._ranges[position]:
                if self.times[place] == point.time:
                    return place
        return self._places.get((group, point.time))

    def by_point(self, alerts: Alerts) -> Score:
        """Count points, each once."""
        hits = sum(self.marks[place] for place in alerts.points)
        false = len(alerts.points) - hits + len(alerts.elsewhere)
        return Score(hits, false, sum(self.marks) - hits)

    def by_event(self, alerts: Alerts, tolerance: int) -> Score:
        """Count events: labelled points of one group that follow one another.

        Parameters
        ----------
        alerts : Alerts
        tolerance : int
            Nanoseconds by which an alert may come before an event begins, or after it ended.

        Notes
        -----
        An event is found if any alert of its group lies within it or the tolerance. An alarm is
        alerts on points of one group that follow one another; it is false if it touches no event.
        """
        events = dict(self.runs(self.marks.__getitem__))
        alarms = dict(self.runs(alerts.points.__contains__))
        for group, time in alerts.elsewhere:
            alarms.setdefault(group, []).append((time, time))
        hits = missed = false = 0
        for group, spans in events.items():
            found = sum(_touches(span, alarms.get(group, ()), tolerance) for span in spans)
            hits, missed = hits + found, missed + len(spans) - found
        for group, spans in alarms.items():
            false += sum(not _touches(span, events.get(group, ()), tolerance) for span in spans)
        return Score(hits, false, missed)

    def runs(self, chosen: Callable[[int], bool]) -> Iterator[tuple[str, list[_Span]]]:
        """Yield for each group the first and last times of its chosen points that go together."""
        for group, places in self._members.items():
            spans: list[_Span] = []
            open_ = False
            for place in places:
                if chosen(place):
                    time = self.times[place]
                    start, stop = spans.pop() if open_ else (time, time)
                    spans.append((min(start, time), max(stop, time)))
                open_ = chosen(place)
            if spans:
                yield group, spans


def _touches(span: _Span, others: Iterable[_Span], tolerance: int) -> bool:
    start, stop = span[0] - tolerance, span[1] + tolerance
    return any(start <= other[1] and other[0] <= stop for other in others)


def find_alerts(run: Passage, is_alert: Callable[[Point], bool], truth: Truth | None) -> Alerts:
    """Return the alerts among a run's outputs.

    Parameters
    ----------
    run : Passage
    is_alert : callable
        Tells of each point.
    truth : Truth, optional
        What they may mark; without it they are only counted.
    """
    points: set[int] = set()
    elsewhere: list[tuple[str, int]] = []
    times: list[int] = []
    for output in run.outputs:
        item = output.item
        members = item.points if isinstance(item, Batch) else [item]
        for point in members:
            if not is_alert(point):
                continue
            times.append(point.time)
            if truth is None:
                continue
            place = truth.place(point, item.group, output.input)
            if place is None:
                elsewhere.append((item.group, point.time))
            else:
                points.add(place)
    return Alerts(points, elsewhere, times)
