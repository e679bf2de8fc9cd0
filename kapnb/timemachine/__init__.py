"""Walking a run: to any input, with the state before and after it.

A run leaves checkpoints (`kapnb.simulation._checkpoints`); from the nearest one a Handler is led
to the input through the very engine. Nothing is drawn here: HTML lives in `kapnb.notebook`.
"""

from kapnb.timemachine._changes import ABSENT, Change
from kapnb.timemachine._machine import TimeMachine
from kapnb.timemachine._moment import Moment
from kapnb.timemachine._rerun import Rerun

__all__ = ["ABSENT", "Change", "Moment", "Rerun", "TimeMachine"]
