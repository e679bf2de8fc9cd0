"""What counts as too long, too much, too large."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """What an examination allows.

    Attributes
    ----------
    timeout_s : float
        Kapacitor's ``timeout``: a UDF that sends nothing for so long is killed.
    exit_s : float
        Kapacitor waits without limit for the exit after the end of input; we do not.
    answer_s : float
        No single answer may take longer, however alive the process is meanwhile.
    points : int
        Points of the memory check, after a fifth of them to warm up.
    memory_s : float
        A slow UDF gets fewer points: those of so much time.
    growth_bytes : float
        Resident memory that may be gained per point: 0.2 KB.
    growth_floor_bytes : int
        What allocators gain anyhow; less is never a leak.
    stderr_line_bytes : int
        Kapacitor stops reading stderr at a longer line, and the UDF then blocks on it.
    clock : callable
        Seconds; what all of it is measured with.
    """

    timeout_s: float = 10.0
    exit_s: float = 10.0
    answer_s: float = 600.0
    points: int = 100_000
    memory_s: float = 120.0
    growth_bytes: float = 204.8
    growth_floor_bytes: int = 4 * 1024 * 1024
    stderr_line_bytes: int = 64 * 1024
    clock: Callable[[], float] = time.monotonic
