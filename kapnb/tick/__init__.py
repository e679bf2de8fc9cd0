"""TICKscript without Kapacitor: its tree, what it defines, and what would be refused.

Knows nothing of UDF processes; a simulation runs what is defined here.
"""

from kapnb.tick._catalogue import CATALOGUE, NodeType
from kapnb.tick._edges import check_edges
from kapnb.tick._evaluate import evaluate
from kapnb.tick._graph import Property, Task, TaskNode, TimeDimension
from kapnb.tick._parser import parse

__all__ = [
    "CATALOGUE",
    "NodeType",
    "Property",
    "Task",
    "TaskNode",
    "TimeDimension",
    "check_edges",
    "evaluate",
    "parse",
]
