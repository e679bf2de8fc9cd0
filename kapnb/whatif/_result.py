"""Sweep: what all combinations gave, as a table, as runs, as HTML."""

from __future__ import annotations

import copy
import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from kapnb.errors import MissingExtra
from kapnb.handler import Handler
from kapnb.model import Batch
from kapnb.simulation._items import Rows, count_text
from kapnb.whatif._judge import Alert, Judging
from kapnb.whatif._rule import Rule
from kapnb.whatif._score import Alerts, Truth
from kapnb.whatif._trial import Trial

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sweep"]

#: Rows of the table that HTML shows.
_ROWS_MAX = 60
_CHOSEN = " style='font-weight:bold;border-left:3px solid #0072b2'"
_FAINT = "opacity:.7"


class Sweep:
    """What every combination of a sweep gave; made by `sweep`.

    Parameters
    ----------
    handler : subclass of Handler
    options : dict
        Those that do not vary.
    values : dict of str to list
        Those that vary.
    runs : sequence of Trial
        In the order of the combinations; those that were not complete are not there.
    total : int
        How many combinations there are.
    truth : Truth, optional
        The labels.
    alerts : mapping of int to Alerts
        By position of the run, if it was said what they are.
    match : str
        As `sweep` has it.

    Attributes
    ----------
    rule : Rule
        What `best`, the HTML form and the plot choose by; set with `choose`.
    """

    def __init__(
        self,
        handler: type[Handler],
        options: Mapping[str, Any],
        values: Mapping[str, list[Any]],
        runs: Sequence[Trial],
        total: int,
        truth: Truth | None = None,
        alerts: Mapping[int, Alerts] | None = None,
        match: str = "points",
    ) -> None:
        self.handler, self.options, self.values = handler, dict(options), dict(values)
        self.runs, self.total = tuple(runs), total
        self.truth, self.alerts, self.match = truth, dict(alerts or {}), match
        self.rule = Rule()

    @property
    def interrupted(self) -> bool:
        """Whether combinations are missing because of an interrupt."""
        return len(self.runs) < self.total

    @property
    def seconds(self) -> tuple[float, ...]:
        """How long each run took; here only, since it never is the same twice."""
        return tuple(run.seconds for run in self.runs)

    # -------------------------------------------------------------------- the table

    @property
    def table(self) -> pd.DataFrame:
        """A DataFrame with one row a run: its options, then what came of it.

        Columns ``in`` and ``out`` count points, ``alerts`` is there if it was said what they are,
        ``precision``, ``recall`` and ``f1`` if there are labels; ``error`` is empty, or says what
        ended the run, or why it was not judged. An option of such a name has ``(option)`` behind
        it.

        Raises
        ------
        MissingExtra
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtra("notebook", "Sweep.table", "pandas") from error
        return pd.DataFrame(self._columns())

    def _columns(self) -> dict[str, list[Any]]:
        runs = self.runs
        results: dict[str, list[Any]] = {
            "in": [_points(len(run.inputs), run.inputs) for run in runs],
            "out": [_points(len(run.outputs), run._outputs.batches) for run in runs],
        }
        if self.alerts or self._unjudged:
            found = [self.alerts.get(run.position) for run in runs]
            results["alerts"] = [math.nan if one is None else one.count for one in found]
        if self.truth is not None:
            for name in ("precision", "recall", "f1"):
                results[name] = [
                    math.nan if run.score is None else getattr(run.score, name) for run in runs
                ]
        results["error"] = [_failure(run) for run in runs]
        columns: dict[str, list[Any]] = {
            (f"{name} (option)" if name in results else name): [run.chosen[name] for run in runs]
            for name in self.values
        }
        return columns | results

    @property
    def _unjudged(self) -> int:
        """How many runs have no score since the function that tells alerts raised an error."""
        return sum(run.unjudged is not None for run in self.runs)

    def judge(
        self,
        alert: Alert = None,
        *,
        match: Literal["points", "events"] = "points",
        tolerance: int | str = 0,
    ) -> Sweep:
        """Return the same runs judged anew, without running them again.

        Parameters
        ----------
        alert, match, tolerance
            As `sweep` has them.

        Returns
        -------
        Sweep
            With a rule that is not set yet; this one stays as it is.

        Examples
        --------
        >>> from kapnb import Handler, Option, Point, sweep
        >>> class Scaled(Handler):
        ...     factor = Option(float)
        ...
        ...     def point(self, point):
        ...         yield point.with_fields(y=self.factor * point.fields["x"])
        >>> points = [Point({"x": float(n)}, time=n) for n in range(10)]
        >>> found = sweep(Scaled, points, labels=[7, 8, 9], factor=[1.0, 2.0], workers=1)
        >>> found.judge(lambda point: point.fields["y"] > 6.5)
        Sweep(Scaled: 2 combinations of factor (2), 10 points each; best f1 1 at factor=1.0)
        """
        judging = Judging.read(alert, match, tolerance)
        runs = [copy.copy(run) for run in self.runs]
        alerts = judging.judge(runs, self.truth, 3)
        total, truth = self.total, self.truth
        return Sweep(self.handler, self.options, self.values, runs, total, truth, alerts, match)

    # --------------------------------------------------------------------- one run

    def run(self, **chosen: Any) -> Trial:
        """Return the run of one combination, named by as many options as it takes.

        Raises
        ------
        KeyError
            If none, or more than one, has these options.
        """
        found = [
            run
            for run in self.runs
            if all(name in run.chosen and run.chosen[name] == chosen[name] for name in chosen)
        ]
        if len(found) == 1:
            return found[0]
        wanted = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
        varied = "; ".join(f"{name}: {values}" for name, values in self.values.items())
        raise KeyError(f"{len(found)} runs have {wanted or 'any options'} (there are {varied})")

    def best(
        self,
        by: str | None = None,
        *,
        recall: float | None = None,
        precision: float | None = None,
        smallest: bool = False,
    ) -> Trial:
        """Return the run that is best.

        Parameters
        ----------
        by : str, optional
            The column of `table` that should be largest; by default what `choose` set, or F1.
        recall, precision : float, optional
            What the run must have at least; `by` then is the other of the two.
        smallest : bool, default: False
            Whether `by` should be smallest.

        Raises
        ------
        ValueError
            If there is no such column, or no run fits.

        Notes
        -----
        Of runs that are equally good the one with the larger F1, then precision, then the first;
        one with an error never is.
        """
        rule = Rule(by, recall, precision, smallest)
        return self._by(self.rule if rule == Rule() else rule)

    def choose(
        self,
        by: str | None = None,
        *,
        recall: float | None = None,
        precision: float | None = None,
        smallest: bool = False,
    ) -> Trial:
        """Return the run that is best, and go by this rule from now on; see `best`."""
        rule = Rule(by, recall, precision, smallest)
        run = self._by(rule)
        self.rule = rule
        return run

    def _by(self, rule: Rule) -> Trial:
        try:
            return self.runs[rule.choose(self._columns())]
        except ValueError as error:
            if not self._unjudged:
                raise
            hint = f"{self._unjudged} of {len(self.runs)} runs were not judged, see their .unjudged"
            raise ValueError(f"{error}; {hint}") from None

    def operating_point(self) -> Trial | None:
        """Return the run that the rule chooses; None if it chooses none."""
        if self.truth is None and self.rule == Rule():
            return None
        try:
            return self._by(self.rule)
        except ValueError:
            return None

    # ---------------------------------------------------------------------- showing

    def plot(self, **settings: Any) -> Any:
        """Return a picture: outputs of each run over event time, and precision over recall.

        Parameters
        ----------
        **settings
            ``axes`` gives Axes to draw into, which are then returned. See
            `kapnb.notebook.plot_sweep`.
        """
        from kapnb.simulation._faces import sweep_plot

        return sweep_plot(self, **settings)

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.runs)

    def __repr__(self) -> str:
        return f"Sweep({self.handler.__name__}: {self._summary()})"

    def _summary(self) -> str:
        lists = ", ".join(f"{name} ({len(values)})" for name, values in self.values.items())
        noun = "combination" if self.total == 1 else "combinations"
        text = f"{self.total} {noun}{f' of {lists}' if lists else ''}"
        if self.runs:
            text += f", {count_text(max((run.inputs for run in self.runs), key=len))} each"
        failed = sum(run.error is not None for run in self.runs)
        text += f"; {failed} failed" if failed else ""
        text += f"; {self._unjudged} not judged, alert raised an error" if self._unjudged else ""
        missing = self.total - len(self.runs)
        text += f"; interrupted, {missing} not run" if missing else ""
        if self.alerts and not any(alerts.count for alerts in self.alerts.values()):
            text += "; no output of any is an alert"  # as of a misspelt field
        chosen = self.operating_point()
        return text + (f"; {self._said(chosen)}" if chosen is not None else "")

    def _said(self, chosen: Trial) -> str:
        """Say what the rule chose, and why."""
        column = self.rule.column
        value = self._columns()[column][self.runs.index(chosen)]
        bounds = str(self.rule).partition(" with ")[2]
        text = f"{str(self.rule).partition(' with ')[0]} {value:.3g}"
        return f"{text}{f' with {bounds}' if bounds else ''} at {chosen.label}"

    def _repr_html_(self) -> str:
        columns = self._columns()
        chosen = self.operating_point()
        marked = None if chosen is None else self.runs.index(chosen)
        head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
        rows = [
            f"<tr{_CHOSEN if place == marked else ''}>{_cells(row)}</tr>"
            for place, row in enumerate(zip(*columns.values(), strict=True))
            if place < _ROWS_MAX or place == marked
        ]
        hidden = len(self.runs) - len(rows)
        rest = f"<div style='{_FAINT}'>and {hidden} more runs</div>" if hidden else ""
        fixed = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        options = f"<div style='{_FAINT}'>fixed: {html.escape(fixed)}</div>" if fixed else ""
        title = html.escape(f"{self.handler.__name__}: {self._summary()}")
        return (
            f"<div><b>{title}</b>{options}<table><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>{rest}</div>"
        )


def _points(count: int, items: Iterable[Any]) -> int:
    """Return how many points there are in `count` items, of which these may be batches."""
    if isinstance(items, Rows):
        return count
    return count + sum(len(item) - 1 for item in items if isinstance(item, Batch))


def _failure(run: Trial) -> str:
    if run.error is None:
        return "" if run.unjudged is None else f"not judged: {run.unjudged}"
    return f"{type(run.error).__name__}: {run.error}"


def _cells(row: Iterable[Any]) -> str:
    return "".join(f"<td>{html.escape(_cell(value))}</td>" for value in row)


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
