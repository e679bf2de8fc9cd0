"""The nodes of a task at work: what each does with points and batches, in event time.

One class a kind of node, one module a family. The table that joins them to the names of a
script is `kapnb.tick._catalogue`. Nothing here knows UDFs, data sources or how a task is run.
"""

from kapnb.tick.nodes._node import Node, Run
from kapnb.tick.nodes._records import Alert, Logged, NodeError, Record, Served, Written

__all__ = [
    "Alert",
    "Logged",
    "Node",
    "NodeError",
    "Record",
    "Run",
    "Served",
    "Written",
]
