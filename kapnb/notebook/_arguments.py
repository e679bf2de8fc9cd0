"""What a function that draws says of an argument that is something else."""

from __future__ import annotations

from typing import Any

from kapnb.simulation import TaskRun
from kapnb.simulation._passage import Passage

__all__ = ["expect", "expect_run"]


def expect_run(value: Any, taker: str) -> None:
    """Raise TypeError unless a value is what went through one Handler.

    Parameters
    ----------
    value : object
        What was given.
    taker : str
        Name of the function, or class, that it was given to.
    """
    hint = ""
    if isinstance(value, TaskRun):
        hint = "; each of its udfs is such a run"
    elif isinstance(getattr(value, "simulation", None), Passage):
        hint = "; its .simulation is one"
    expect(
        value, Passage, f"{taker} takes a Simulation that has run, as simulate() returns it", hint
    )


def expect(value: Any, kind: type, rule: str, hint: str = "") -> None:
    """Raise TypeError unless a value is of a kind; the rule says which."""
    if not isinstance(value, kind):
        raise TypeError(f"{rule}, not {type(value).__name__}{hint}")
