"""Examine a UDF before Kapacitor does: start it as the daemon would, and say what would fail.

Everything is found out from outside, through the process's own pipes and ``/proc``, so it
holds for any UDF, whatever it is written with. Nothing here imports what it examines.
"""

from kapnb.doctor._examine import examine
from kapnb.doctor._findings import Finding, Level, Report
from kapnb.doctor._limits import Limits
from kapnb.doctor._plan import Plan, plan_command, plan_target

__all__ = [
    "Finding",
    "Level",
    "Limits",
    "Plan",
    "Report",
    "examine",
    "plan_command",
    "plan_target",
]
