"""Faults of production, tried on a Handler: `stress`, `check_resume`, `lint`.

What breaks a UDF at night is rarely its arithmetic: it is a field that is absent, a point that
comes twice, a restart. Here such faults are made, on purpose and repeatably, and what they do is
compared with a run without them. Nothing here is needed to run a Handler.
"""

from kapnb.faults._fault import Both, Fault, FaultySource, InputFault, PointFault, Slot
from kapnb.faults._lint import Lint, Lints, glance, lint
from kapnb.faults._measure import Latencies, StateSizes, measure_latency, measure_state
from kapnb.faults._order import Duplicates, EmptyBatches, Late, Missing, OutOfOrder
from kapnb.faults._report import VERDICTS, Finding, StressReport
from kapnb.faults._resume import Loss, Resume, check_resume
from kapnb.faults._sessions import CutBatch, GroupsApart, Kill, SlowHandler
from kapnb.faults._shrink import shrink
from kapnb.faults._stress import all_faults, stress
from kapnb.faults._times import ClockJump, Gap
from kapnb.faults._values import AbsentFields, NewField, NotANumber, TypeFlips
from kapnb.faults._wire import MapOrder, ShuffledCodec

__all__ = [
    "VERDICTS",
    "AbsentFields",
    "Both",
    "ClockJump",
    "CutBatch",
    "Duplicates",
    "EmptyBatches",
    "Fault",
    "FaultySource",
    "Finding",
    "Gap",
    "GroupsApart",
    "InputFault",
    "Kill",
    "Late",
    "Latencies",
    "Lint",
    "Lints",
    "Loss",
    "MapOrder",
    "Missing",
    "NewField",
    "NotANumber",
    "OutOfOrder",
    "PointFault",
    "Resume",
    "ShuffledCodec",
    "Slot",
    "SlowHandler",
    "StateSizes",
    "StressReport",
    "TypeFlips",
    "all_faults",
    "check_resume",
    "glance",
    "lint",
    "measure_latency",
    "measure_state",
    "shrink",
    "stress",
]
