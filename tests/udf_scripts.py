"""Scripts that leave stdout to whoever wants it, and a clock that knows when one hangs."""

from __future__ import annotations

SCRIPT = """\
#!{python}
import atexit, os, random, signal, sys, threading
from kapnb import BATCH, Handler, InitResponse, Option, Point, RestoreResponse, SnapshotError
from kapnb.agent import Agent, FdStream
{source}
agent = Agent(UDF())
status = agent.run(FdStream(0, 1))
{ending}
sys.exit(status)
"""
#: Says that it hangs, and does.
HANG = 'open(__file__ + ".hangs", "w").close(); threading.Event().wait()'


class StandingClock:
    """Stands until the script says that it hangs, then runs fast.

    So a limit is reached when the moment has come, and not because the machine is busy.
    """

    def __init__(self, path):
        self._sign = path.with_name(f"{path.name}.hangs")
        self._now = 0.0

    def __call__(self):
        self._now += 1000.0 if self._sign.exists() else 0.0
        return self._now
