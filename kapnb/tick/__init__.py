"""TICKscript without Kapacitor: its tree, what it defines, and what would be refused.

Knows nothing of UDF processes; a simulation runs what is defined here.
"""

from kapnb.tick._graph import Property, Task, TaskNode

__all__ = ["Property", "Task", "TaskNode"]
