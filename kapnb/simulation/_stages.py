"""A UDF within a task: the node that runs it, and the view of its run.

The task's nodes hand points and batches to a `UdfStage`, which passes them through a `UdfNode`
as bytes. What comes back is taken as Kapacitor takes it: of a point its name, tags, dimensions
and by-name, never its group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kapnb.errors import HandlerError, TickError
from kapnb.handler import Handler
from kapnb.model import Batch, InfoResponse, Point
from kapnb.simulation._node import UdfNode
from kapnb.simulation._passage import Passage
from kapnb.tick import Property, TaskNode, received_options
from kapnb.tick.nodes import Node, Run
from kapnb.tick.nodes._messages import flow_batch, flow_point

__all__ = ["UdfRun", "UdfStage"]

_FIELD_TYPES = frozenset({float, int, str, bool})


class UdfRun(Passage):
    """What went through one UDF of a task.

    Attributes
    ----------
    name : str
        The UDF's name in the script.
    id : str
        The node's id, such as ``mavg2``.
    options : dict
        As the script gives them; several uses of one are a list.

    Notes
    -----
    The rest is as with a `Simulation`; `error` is set if it was this UDF that ended the run.
    """

    def __init__(self, node: UdfNode, name: str, options: Sequence[Property]) -> None:
        super().__init__(node)
        self.name, self.id = name, node.node_id
        self.options = _shown(options)
        self.env = {}

    def __repr__(self) -> str:
        return f"UdfRun({self.id}: {self._summary()})"


def _shown(options: Sequence[Property]) -> dict[str, Any]:
    """Return options as `simulate` would take them."""
    shown: dict[str, list[Any]] = {}
    for used in options:
        arguments = used.arguments
        value = True if not arguments else arguments[0] if len(arguments) == 1 else arguments
        shown.setdefault(used.name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in shown.items()}


class UdfStage(Node):
    """``@udf``: a UDF as a node of a running task."""

    def __init__(
        self,
        node: TaskNode,
        run: Run,
        handler: type[Handler],
        info: InfoResponse,
    ) -> None:
        self._udf = UdfNode(handler, task_id=run.task_id, node_id=node.id)
        self._udf.info = info
        self._options = [used for used in node.properties if used.name in info.options]
        self.view = UdfRun(self._udf, node.kind, self._options)
        super().__init__(node, run)

    def check_property(self, used: Property) -> None:
        """Let pass all: the script was checked against what the UDF declares."""

    def start(self, snapshot: bytes | None) -> None:
        """Send init, and restore if there is a snapshot.

        Raises
        ------
        TickError
            In the words of ``kapacitor show``, if init fails.
        KapnbError
            If the snapshot cannot be restored.
        """
        options = received_options(self.node, self._udf.info)
        self.view._start_checkpoints(lambda: self._udf.start(options, snapshot))
        refusal, cause = self._udf.refusal, self._udf.error
        if cause is not None and refusal.startswith("failed to initialize"):
            refused = TickError(f"{self.node.id}: {refusal}", *self.node.position)
            self.view.error = refused
            raise refused from cause
        self._raise()

    def point(self, point: Point) -> None:
        """Send it; hand on what comes back."""
        self._check_fields(point)
        self._feed(point)

    def batch(self, batch: Batch) -> None:
        """Send it; hand on what comes back."""
        for point in batch.points:
            self._check_fields(point)
        self._feed(batch)

    def finish(self) -> None:
        """Ask for a snapshot, end the stream, hand on what still comes."""
        self._udf.take_snapshot()
        self._raise()
        self._hand_on(self._udf.close())
        self._raise()

    def stop(self) -> None:
        """Let go of the Handler; idempotent."""
        self._udf.stop()

    def _feed(self, item: Point | Batch) -> None:
        self.view._inputs.append(item)
        given = self._udf.feed(item)
        if self.view._recorder is not None:
            self.view._recorder.look(len(self.view.inputs))
        if self._udf.error is not None:
            self.view._failed_at = len(self.view.inputs) - 1
        self._hand_on(given)
        self._raise()

    def _hand_on(self, items: Sequence[Point | Batch]) -> None:
        self.view._keep(items)
        for item in items:
            if isinstance(item, Batch):
                self.emit_batch(_returned(item))
            else:
                self.emit(flow_point(item))

    def _raise(self) -> None:
        error = self._udf.error
        if error is not None and self.view.error is None:
            self.view.error = error
            raise error

    def _check_fields(self, point: Point) -> None:
        """Refuse what kapacitord cannot put on the wire; it would panic."""
        for name, value in point.fields._all().items():
            if type(value) not in _FIELD_TYPES:
                kind = type(value).__name__.lower()
                raise HandlerError(
                    f"{self.node.id}: field {name!r} is a {kind}, which no UDF can be sent: "
                    "kapacitord panics with 'unsupported field value type'; "
                    "make it a number first, as in int(…) or string(…)"
                )


def _returned(batch: Batch) -> Batch:
    """Return a batch that a UDF sent: of its points only time, tags and fields count."""
    name, by_name = batch.name, batch.by_name
    whole = flow_batch([], name=name, tags=batch.tags, tmax=batch.tmax, by_name=by_name)
    for point in batch.points:
        moved = flow_point(point)
        moved._group = whole.group
        whole.points.append(moved)
    whole.size = len(whole.points)
    return whole
