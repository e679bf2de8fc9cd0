"""A report on a run: what its display shows, and what takes a second run to know.

Lints that run the Handler again, and, on request, times. Times differ from run to run: a report
with them does not belong into a notebook whose outputs are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kapnb.faults import Latencies, Lints, lint, measure_latency
from kapnb.notebook._handler_view import columns
from kapnb.notebook._html import simulation_html
from kapnb.notebook._html_parts import faint, fixed
from kapnb.simulation import Simulation
from kapnb.simulation._joined import count_by_group

__all__ = ["Report"]


class Report:
    """What is to be said about a run, as text and as HTML.

    Parameters
    ----------
    simulation : Simulation
        A finished run.
    timing : bool, default: False
        Whether to time each input, in one more run. The report's text then differs each time.
    rate : float, optional
        Points, or batches, a second that the task will get; see `kapnb.lint`.
    timeout : float, default: 10.0
        Seconds, as in ``[udf.functions.NAME] timeout``.

    Attributes
    ----------
    lints : Lints
        What `kapnb.lint` found.
    latencies : Latencies or None
        Times, if they were asked for.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> run = simulate(Handler, [Point({"x": 1.5}, time=n, name="m") for n in range(3)])
    >>> print(Report(run))
    Simulation(Handler: 3 points in, 3 points out)
    <BLANKLINE>
    group  in  out  in without out
           3   3    0
    <BLANKLINE>
    nothing looks wrong
    """

    def __init__(
        self,
        simulation: Simulation,
        *,
        timing: bool = False,
        rate: float | None = None,
        timeout: float = 10.0,
    ) -> None:
        self.simulation = simulation
        self.lints: Lints = lint(simulation, rate=rate, timeout=timeout)
        self.latencies: Latencies | None = None
        if timing:
            self.latencies = measure_latency(simulation, timeout=timeout)

    def __repr__(self) -> str:
        count = len(self.lints)
        return f"Report({self.simulation.handler.__name__}: {count} lint{'s' * (count != 1)})"

    def __str__(self) -> str:
        counts, unasked = count_by_group(self.simulation)
        rows: list[tuple[Any, ...]] = [("group", "in", "out", "in without out"), *counts]
        blocks = [repr(self.simulation)]
        blocks += [f"warning: {warning}" for warning in self.simulation.warnings]
        blocks.append("\n".join(columns([tuple(map(str, row)) for row in rows])))
        if unasked:
            blocks.append(f"{unasked} sent without any input")
        blocks.append(str(self.lints))
        blocks += ["\n".join(self._timing())] if self.latencies else []
        return "\n\n".join(blocks)

    def _repr_html_(self) -> str:
        parts = [simulation_html(self.simulation, lints=self.lints)]
        if not self.lints:
            parts.append(faint("nothing looks wrong (kapnb.lint)"))
        parts += [fixed("\n".join(self._timing()))] if self.latencies else []
        return f"<div>{''.join(parts)}</div>"

    def _timing(self) -> Iterator[str]:
        if self.latencies is not None:
            yield f"{self.simulation.timing}"
            yield f"{self.latencies}, {self.latencies.rate:,.0f} a second one after the other"
