"""TaskRun: a whole TICKscript run on data, with its UDFs, in event time.

The script is evaluated and checked as Kapacitor does; its nodes (`kapnb.tick.nodes`) run depth
first in the order of the data; every UDF is an Agent behind real bytes. What a node would have
written, sent or logged is kept.
"""

from __future__ import annotations

import importlib
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, NoReturn

from kapnb._progress import Progress
from kapnb.errors import KapnbError
from kapnb.handler import Handler
from kapnb.model import STREAM, InfoResponse, Point
from kapnb.simulation._feeds import Feed
from kapnb.simulation._last import interruption, raise_error, remember
from kapnb.simulation._node import UdfNode
from kapnb.simulation._stages import UdfRun, UdfStage
from kapnb.tick import CATALOGUE, Task, TaskNode, check_edges, evaluate
from kapnb.tick._catalogue import SOURCES
from kapnb.tick.nodes import Alert, Logged, Node, NodeError, Record, Served, Written
from kapnb.tick.nodes._node import not_simulated
from kapnb.tick.nodes._stream import From, Query

if TYPE_CHECKING:
    from kapnb.simulation._faces import TimeMachine

__all__ = ["TaskRun", "running_class"]

#: Kinds of node that keep records.
_SINKS = frozenset({"alert", "httpOut", "influxDBOut", "log"})
#: Inputs between two looks at the clock for progress.
_LOOK_EVERY = 16


class TaskRun:
    r"""A TICKscript run on data, and what came of it.

    Made by ``simulate(…, tick=…)``, which documents the parameters.

    Attributes
    ----------
    task : Task
        What the script defines.
    udfs : dict of str to UdfRun
        What went through each UDF, by its node's id.
    records : list of Record
        What the task sent out, in the order of arrival: `Written`, `Alert`, `Logged`, `Served`.
    node_errors : list of NodeError
        What nodes would have logged as errors, such as a point that an expression cannot take.
    points : int
        How many points (of a batch task: batches) the data had.
    error : KapnbError or None
        What ended the run early.
    interrupted : bool
        Whether that was an interrupt: Ctrl-C, or a notebook's stop button.

    Examples
    --------
    >>> class Double(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(double=2 * point.fields["x"])
    >>> run = simulate(
    ...     Double,
    ...     [Point({"x": 1.0}, time=0), Point({"x": 60.0}, time=1)],
    ...     tick="stream|from()@double()|alert().id('x').crit(lambda: \"double\" > 100.0)",
    ... )
    >>> run
    TaskRun(2 points in, double2: 2 out, alert3: 1 alert)
    >>> run.alerts[0].level, run.alerts[0].time
    ('CRITICAL', 1)
    >>> run.udf("double").outputs[0].item.fields["double"]
    2.0
    """

    def __init__(self, script: str, task_id: str, handlers: Mapping[str, type[Handler]]) -> None:
        self.script, self.task_id, self.handlers = script, task_id, dict(handlers)
        self.udfs: dict[str, UdfRun] = {}
        self.records: list[Record] = []
        self.node_errors: list[NodeError] = []
        self.points = 0
        self.error: KapnbError | None = None
        self.interrupted = False
        self._infos: dict[str, InfoResponse] = {}
        self._unused: list[str] = []
        self._unmatched: list[str] = []
        self._running: list[Node] = []

    # ------------------------------------------------------------------------- set up

    def define(self, variables: Mapping[str, Any] | None) -> Task:
        """Evaluate and check the script.

        Raises
        ------
        TickError
            In Kapacitor's words for what it refuses; by name for what is not simulated.
        HandlerError
            If a UDF does not answer info.
        """
        # As in Kapacitor's configuration, there may be UDFs that this script does not use.
        self._infos = {name: self._ask_info(name) for name in self.handlers}
        self.task = evaluate(self.script, self._infos, variables=variables)
        check_edges(self.task)
        used = {node.kind for node in self.task.udfs}
        self._unused = [name for name in self.handlers if name not in used]
        return self.task

    def _ask_info(self, name: str) -> InfoResponse:
        probe = UdfNode(self.handlers[name], task_id=self.task_id, node_id=name)
        return probe.ask_info()

    def build(self) -> None:
        """Make the running nodes and join them.

        Raises
        ------
        TickError
            For the first node or property that is not simulated.
        """
        made: dict[TaskNode, Node] = {}
        for node in self.task.nodes:
            if not node.is_udf:
                made[node] = running_class(node, self.task)(node, self)
                continue
            stage = UdfStage(node, self, self.handlers[node.kind], self._infos[node.kind])
            self.udfs[node.id] = stage.view
            made[node] = stage
        for node, running in made.items():
            linked: Counter[TaskNode] = Counter()
            for child in node.children:
                places = [at for at, parent in enumerate(child.parents) if parent is node]
                running.children.append(made[child].inlet(places[linked[child]]))
                linked[child] += 1
        self._running = list(made.values())

    # ---------------------------------------------------------------------------- run

    def play(
        self, feed: Feed, snapshots: Mapping[str, bytes], progress: Progress | None = None
    ) -> None:
        """Run the data through the task, from init to the end of the stream.

        What ends it early, be it an interrupt, is kept as `error`.
        """
        remember(weakref.ref(self))
        stages = [node for node in self._running if isinstance(node, UdfStage)]
        try:
            for stage in stages:
                snapshot = snapshots.get(stage.node.id, snapshots.get(stage.node.kind))
                stage.start(snapshot)
            self._flow(feed, progress)
            for node in self._running:
                node.finish()
        except KapnbError as error:
            self.error = error
        except KeyboardInterrupt as interrupt:
            remember(lambda: self)  # what came is not lost
            self.interrupted = True
            self.error = interruption(interrupt, self.points)
        finally:
            if progress is not None:
                progress.finish()
            for stage in stages:
                stage.stop()
        self._unmatched = list(self._find_unmatched(feed))

    def _flow(self, feed: Feed, progress: Progress | None) -> None:
        for item, take in self._inputs(feed):
            self.points += 1
            take(item)
            if progress is not None and not self.points % _LOOK_EVERY:
                progress.update(self.points)

    def _inputs(self, feed: Feed) -> Iterator[tuple[Any, Callable[[Any], None]]]:
        """Yield each point, or batch, with the node that takes it."""
        if self.task.edge is STREAM:
            return zip(feed.points(), repeat(self._running[0].point))
        queries = [node for node in self._running if isinstance(node, Query)]
        return ((batch, queries[number].batch) for number, batch in feed.batches())

    def _find_unmatched(self, feed: Feed) -> Iterable[str]:
        """Say which sources of the task got nothing: silence would look like success."""
        there = ", ".join(sorted({".".join(key) for key in feed.seen})[:5])
        if feed.excluded:
            dbrps = ", ".join(f'"{database}"."{policy}"' for database, policy in self.task.dbrps)
            yield (f"dbrp {dbrps} keeps {feed.excluded} points from the task; the data has {there}")
        if not self.points and self.error is None:
            yield "the data gave the task nothing"
            return
        for node in self._running:
            if isinstance(node, From) and not node.matched and self.points:
                wanted = [
                    f"{name} {value!r}"
                    for name, value in (
                        ("database", node.database),
                        ("retentionPolicy", node.retention_policy),
                        ("measurement", node.measurement),
                    )
                    if value
                ]
                yield (
                    f"{node.node.id} (line {node.node.position.line}) selected none of "
                    f"{self.points} points: it wants {', '.join(wanted) or 'what .where allows'}; "
                    f"the data has {there}"
                )

    # ------------------------------------------------------------------ what nodes say

    def keep(self, record: Record) -> None:
        """Take what a node sent out; nodes call it."""
        self.records.append(record)

    def complain(self, error: NodeError) -> None:
        """Take what a node would have logged as an error; nodes call it."""
        self.node_errors.append(error)

    # ------------------------------------------------------------------------ results

    @property
    def sinks(self) -> dict[str, list[Record]]:
        """The records of each node that keeps some, by its id; empty lists included."""
        ids = [node.id for node in self.task.nodes if node.kind in _SINKS]
        sinks: dict[str, list[Record]] = {sink: [] for sink in ids}
        for kept in self.records:
            sinks[kept.sink].append(kept)
        return sinks

    @property
    def alerts(self) -> list[Alert]:
        """All alert events, in order."""
        return [kept for kept in self.records if isinstance(kept, Alert)]

    @property
    def logs(self) -> list[Logged]:
        """All entries of ``|log``, in order."""
        return [kept for kept in self.records if isinstance(kept, Logged)]

    @property
    def written(self) -> list[Point]:
        """All points that would have been written to InfluxDB, in order."""
        return [kept.point for kept in self.records if isinstance(kept, Written)]

    @property
    def warnings(self) -> list[str]:
        """What Kapacitor would have logged, or silently borne; sources that got nothing."""
        counted = Counter((error.node, error.text) for error in self.node_errors)
        lines = [
            f"{node}: {text}" + (f" ({count} times)" if count > 1 else "")
            for (node, text), count in counted.items()
        ]
        of_udfs = [f"{view.id}: {text}" for view in self.udfs.values() for text in view.warnings]
        unused = [f"the script does not use @{name}" for name in self._unused]
        return [*unused, *self._unmatched, *lines, *of_udfs]

    def udf(self, name: str | None = None) -> UdfRun:
        """Return the run of a UDF, by its name or its node's id; by default of the only one.

        Raises
        ------
        KeyError
            If there is none of that name, or several.
        """
        found = [view for view in self.udfs.values() if name in (None, view.name, view.id)]
        if len(found) != 1:
            raise KeyError(
                f"{name!r} is not one UDF; the run has: {', '.join(self.udfs) or 'none'}"
            )
        return found[0]

    def live(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a whole task has no live view.

        Raises
        ------
        ValueError
            Always, with the reason.
        """
        raise ValueError(
            "a whole task has no live view: it runs depth first, so pausing one Handler would hold "
            "the other branches. Simulation(handler, data, …).live() runs a Handler alone"
        )

    def travel(self, udf: str | None = None) -> TimeMachine:
        """Return what walks the run of a UDF: see `Simulation.travel`.

        Parameters
        ----------
        udf : str, optional
            Its name or its node's id; by default the only one.

        Raises
        ------
        KeyError
            If there is none of that name, or several.
        MomentError
            If it got no input.
        """
        return self.udf(udf).travel()

    def frame(self, sink: str | None = None) -> Any:
        """Return what a node kept as a pandas DataFrame, in the order of arrival.

        Parameters
        ----------
        sink : str, optional
            Id of the node, or its kind if there is only one of it; by default the only
            ``influxDBOut``.

        Raises
        ------
        KeyError
            If that is not one node.
        """
        from kapnb.simulation._tables import records_frame

        wanted = "influxDBOut" if sink is None else sink
        found = [
            node.id
            for node in self.task.nodes
            if node.kind in _SINKS and wanted in (node.id, node.kind)
        ]
        if len(found) != 1:
            known = ", ".join(self.sinks) or "none"
            raise KeyError(f"{wanted!r} is not one node that keeps records; the run has: {known}")
        return records_frame(self.sinks[found[0]])

    def raise_error(self) -> None:
        """Raise the error, or the interrupt, that ended the run, if any; it carries the run."""
        raise_error(self)

    def __repr__(self) -> str:
        noun = "point" if self.task.edge is STREAM else "batch"
        plural = "" if self.points == 1 else "s" if noun == "point" else "es"
        parts = [f"{self.points} {noun}{plural} in"]
        parts += [f"{view.id}: {len(view.outputs)} out" for view in self.udfs.values()]
        parts += [f"{sink}: {_amount(kept)}" for sink, kept in self.sinks.items()]
        end = f", ended by {type(self.error).__name__}: {self.error}" if self.error else ""
        end = ", interrupted" if self.interrupted else end
        return f"TaskRun({', '.join(parts)}{end})"

    def _repr_html_(self) -> str:
        from kapnb.simulation._faces import task_html

        return task_html(self)


_NOUNS: dict[type, tuple[str, str]] = {
    Alert: ("alert", "alerts"),
    Logged: ("entry", "entries"),
    Served: ("series", "series"),
    Written: ("point", "points"),
}


def _amount(kept: Sequence[Record]) -> str:
    if not kept:
        return "nothing"
    one, many = _NOUNS[type(kept[0])]
    return f"{len(kept)} {one if len(kept) == 1 else many}"


def running_class(node: TaskNode, task: Task) -> type[Node]:
    """Return the class that the catalogue names for a kind of node.

    Raises
    ------
    NotSimulatedError
        If it names none.
    """
    row = SOURCES.get(node.kind) or CATALOGUE.get(node.kind)
    if row is None or row.runs is None:
        raise not_simulated(f"|{task.called(node)}", node.position)
    module, _, name = row.runs.rpartition(".")
    running: type[Node] = getattr(importlib.import_module(module), name)
    return running
