"""Edges between the nodes of a task, checked as Kapacitor does when it starts one."""

from __future__ import annotations

from kapnb.errors import TickError
from kapnb.tick._catalogue import CATALOGUE
from kapnb.tick._graph import Task, TaskNode

__all__ = ["check_edges"]


def check_edges(task: Task) -> None:
    """Raise if a node wants another kind of edge than its parent provides.

    Raises
    ------
    TickError
        In the words of ``kapacitor enable``, for the first such edge.
    """
    for node in task.walk():
        for parent in node.parents:
            provided = _provided(parent)
            if node.wants is not None and provided != node.wants.name.lower():
                raise TickError(
                    f"cannot add child mismatched edges: {parent.id}:{provided}"
                    f" -> {node.id}:{node.wants.name.lower()}",
                    *node.position,
                )


def _provided(node: TaskNode) -> str:
    kind = None if node.is_udf else CATALOGUE.get(node.kind)
    return "noedge" if kind is not None and kind.is_sink else node.provides.name.lower()
