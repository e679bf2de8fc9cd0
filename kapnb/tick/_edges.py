"""Edges between the nodes of a task, checked as Kapacitor does when it starts one."""

from __future__ import annotations

from collections.abc import Iterator

from kapnb.errors import TickError
from kapnb.tick._catalogue import CATALOGUE
from kapnb.tick._graph import Task, TaskNode

__all__ = ["check_edges", "mismatched_edges", "provided"]


def check_edges(task: Task) -> None:
    """Raise if a node wants another kind of edge than its parent provides.

    Raises
    ------
    TickError
        In the words of ``kapacitor enable``, for the first such edge.
    """
    for parent, node in mismatched_edges(task):
        assert node.wants is not None
        raise TickError(
            f"cannot add child mismatched edges: {parent.id}:{provided(parent)}"
            f" -> {node.id}:{node.wants.name.lower()}",
            *node.position,
        )


def mismatched_edges(task: Task) -> Iterator[tuple[TaskNode, TaskNode]]:
    """Yield parent and child of each edge that does not fit, in Kapacitor's order."""
    for node in task.walk():
        for parent in node.parents:
            if node.wants is not None and provided(parent) != node.wants.name.lower():
                yield parent, node


def provided(node: TaskNode) -> str:
    """Return what flows out of a node, as Kapacitor's messages say it; ``noedge`` of a sink."""
    kind = None if node.is_udf else CATALOGUE.get(node.kind)
    return "noedge" if kind is not None and kind.is_sink else node.provides.name.lower()
