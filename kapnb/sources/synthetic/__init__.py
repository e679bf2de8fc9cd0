"""Data made from a seed, with labels that say what is wrong with them. No data set is shipped.

The same arguments give the same points, in every run and on every Python: only the sequence of
`random.Random.random`, which Python promises to keep, is used, and every value is rounded.
Labels are beside the points, never in them: a Handler cannot see what it should find.
"""

from kapnb.sources.synthetic._base import Synthetic
from kapnb.sources.synthetic._changes import Change, drift, gap, step
from kapnb.sources.synthetic._experiment import experiment
from kapnb.sources.synthetic._live import live
from kapnb.sources.synthetic._series import Series, constant, cycle, mixed, wave
from kapnb.sources.synthetic._turbine import turbine
from kapnb.sources.synthetic._weld import weld

__all__ = [
    "Change",
    "Series",
    "Synthetic",
    "constant",
    "cycle",
    "drift",
    "experiment",
    "gap",
    "live",
    "mixed",
    "step",
    "turbine",
    "wave",
    "weld",
]
