"""TICKscript without Kapacitor: its tree, what it defines, and what would be refused.

Knows nothing of UDF processes; a simulation runs what is defined here.
"""

from kapnb.tick._catalogue import CATALOGUE, NodeType
from kapnb.tick._check import ScriptCheck, check_script
from kapnb.tick._edges import check_edges
from kapnb.tick._evaluate import evaluate
from kapnb.tick._graph import Property, Remark, Task, TaskNode, TimeDimension
from kapnb.tick._options import literal, option_value, received_options
from kapnb.tick._parser import parse
from kapnb.tick._render import render
from kapnb.tick._report import excerpt, refusals, remarks, verdict
from kapnb.tick._schema import Measurement, schema_of
from kapnb.tick._snippet import udf_name, udf_snippet
from kapnb.tick._subject import Lint
from kapnb.tick._udfs import udf_names
from kapnb.tick._vars import read_vars

__all__ = [
    "CATALOGUE",
    "Lint",
    "Measurement",
    "NodeType",
    "Property",
    "Remark",
    "ScriptCheck",
    "Task",
    "TaskNode",
    "TimeDimension",
    "check_edges",
    "check_script",
    "evaluate",
    "excerpt",
    "literal",
    "option_value",
    "parse",
    "read_vars",
    "received_options",
    "refusals",
    "remarks",
    "render",
    "schema_of",
    "udf_name",
    "udf_names",
    "udf_snippet",
    "verdict",
]
