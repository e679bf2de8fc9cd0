"""A front process that keeps Kapacitor's connection while Handler processes come and go.

`Supervisor` decides everything and does no I/O; `_front` is the only module that knows
processes, pipes and signals. The Handler process behind it is any command that speaks the
protocol on stdio; what holds for it is in docs/supervision.md.
"""

from kapnb.supervise._front import Front, supervise
from kapnb.supervise._limits import Limits
from kapnb.supervise._supervisor import EXIT_TERMINATED, Supervisor

__all__ = ["EXIT_TERMINATED", "Front", "Limits", "Supervisor", "supervise"]
